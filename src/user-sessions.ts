import { isFreshAt } from "./freshness.js";
import { authOf } from "./load-user.js";
import { browsersOf, callsOf, endLogins, sessionsOf } from "./logins.js";
import { logoutUser } from "./logout.js";
import { activeContext, type Core, type RequestContext } from "./request-context.js";
import type { SessionAuth } from "./session-auth.js";
import { storageId } from "./storage-id.js";
import { checkUserId } from "./user.js";

/** A login of a user's, as a person may be shown it. All instants are milliseconds since the epoch. */
export interface LoginInfo {
  /** Names the login, for `revoke`; it opens nothing. It stays the same as the session's id changes. */
  id: string;
  createdAt: number;
  /** To the minute. */
  lastSeenAt: number;
  /** When it ends unless it is used before. */
  expiresAt: number;
  /** Where it was logged in or remembered from: an IP address; null when unknown. */
  address: string | null;
  /** The first 256 characters of the User-Agent; null when unknown. */
  userAgent: string | null;
  fresh: boolean;
  /** Does the browser stay logged in when it is closed, or was it remembered? */
  remembered: boolean;
  /** Is it that of the request that is being handled? */
  current: boolean;
}

/**
 * The logins of a user, wherever they are: `login.sessions`. Each takes the user, or the user's id.
 *
 * @throws UnsupportedByStoreError where the store keeps no index of users
 * @throws StoreUnavailableError when the store fails
 */
export class UserSessions<U extends object> {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The logins of a user, those in a session first, the newest first; browsers that are remembered but have no session are among them. */
  async list(user: U | string): Promise<LoginInfo[]> {
    const userId = this.#idOf(user);
    const current = this.#current(userId)?.auth.loginId;
    const logins = new Map<string, LoginInfo>();
    for (const { session, auth } of await sessionsOf(this.#core, userId)) {
      if (auth.pending || logins.has(auth.loginId)) continue;
      const { createdAt, lastSeenAt, expiresAt } = session;
      const { loginId: id, address, userAgent, remembered, series } = auth;
      const fresh = isFreshAt(auth.freshAt, this.#core.options.freshFor);
      logins.set(id, {
        ...{ id, createdAt, lastSeenAt, expiresAt, address, userAgent, fresh },
        remembered: remembered || series !== null,
        current: id === current,
      });
    }
    for (const { record, browser } of await browsersOf(this.#core, userId)) {
      const { createdAt, expiresAt } = record;
      const { loginId: id, address, userAgent, rotatedAt } = browser;
      const lastSeenAt = rotatedAt ?? createdAt;
      const found = logins.get(id);
      if (found) found.expiresAt = Math.max(found.expiresAt, expiresAt);
      else {
        const kind = { fresh: false, remembered: true, current: id === current };
        logins.set(id, { id, createdAt, lastSeenAt, expiresAt, address, userAgent, ...kind });
      }
    }
    return [...logins.values()];
  }

  /**
   * Ends one login of a user, and forgets its browser; that of the request that is being handled is logged out.
   *
   * @returns false when this user has no such login (any more), as when it is another user's
   */
  async revoke(user: U | string, id: string): Promise<boolean> {
    const userId = this.#idOf(user);
    const current = this.#current(userId);
    if (current?.auth.loginId === id) {
      await logoutUser(current.context.req);
      return true;
    }
    const ended = await endLogins(this.#core, userId, ({ loginId }) => loginId === id);
    this.#tell(userId, [...ended]);
    return ended.size > 0;
  }

  /**
   * Ends the logins of a user, and forgets their browsers.
   *
   * @param options.exceptCurrent leave the login of the request that is being handled? @default false
   * @returns how many logins there were
   */
  async revokeAll(user: U | string, { exceptCurrent = false } = {}): Promise<number> {
    const userId = this.#idOf(user);
    const current = this.#current(userId);
    const logins = (await this.list(userId)).filter(({ current }) => !(current && exceptCurrent));
    const except = current && exceptCurrent ? storageId(current.context.req.sessionID) : undefined;
    const series = (exceptCurrent && current?.auth.series) || undefined;
    const calls = callsOf(this.#core);
    // The browsers' records first, for a restore makes a session and then looks for its record.
    if (this.#core.remember.mode === "persistent")
      await calls.tokens("destroyByUser", (tokens) => tokens.destroyByUser(userId, series ? { except: series } : {}));
    await calls.sessions("destroyByUser", (store) => store.destroyByUser(userId, except ? { except } : {}));
    if (current && !exceptCurrent) await logoutUser(current.context.req);
    this.#tell(
      userId,
      logins.map(({ id }) => id),
    );
    return logins.length;
  }

  #tell(userId: string, logins: string[]): void {
    if (logins.length > 0) this.#core.events.emit("loginsRevoked", { userId, logins, reason: "revoked" });
  }

  #idOf(user: U | string): string {
    return typeof user === "string" ? user : checkUserId(this.#core.options.userId(user), "userId()");
  }

  /** The login of the request that is being handled, when it is one of this user's. */
  #current(userId: string): { context: RequestContext; auth: SessionAuth } | undefined {
    const context = activeContext();
    const auth = context?.core === this.#core ? (authOf(context) ?? context.loaded?.once) : undefined;
    return context && auth?.userId === userId ? { context, auth } : undefined;
  }
}
