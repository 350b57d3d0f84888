import type { Request } from "express";
import { type LoginInfo, listLogins } from "../active-sessions/list-logins.js";
import { renameLogin } from "../active-sessions/rename.js";
import { endAll, endLogins, loginIdsOf } from "../active-sessions/store-logins.js";
import type { Core } from "../core.js";
import { contextIn, contextOf, knownContext, type RequestContext } from "../current/request-context.js";
import { activeContext, assertNotEnded } from "../current/running-context.js";
import type { ExternalIds } from "../login-fields/external-login.js";
import { checkLabel } from "../login-fields/label.js";
import { isObjectOrArray } from "../objects.js";
import { required } from "../options/part.js";
import type { SessionAuth } from "../session/auth.js";
import { foreignSessions } from "../session/foreign-session.js";
import { checkUserId } from "../user.js";
import { logoutUserIn } from "./logout.js";

/** Options that name the request of the current login. */
export interface CurrentLoginOptions {
  /**
   * The request. Always pass it in callbacks of database drivers, pools and queues, as with `currentUser`.
   *
   * @default the request that is being handled
   */
  req?: Request | undefined;
}

/**
 * Lists, renames and ends the logins of a user, on all devices. It is the property `login.sessions` of a manager. Each method
 * accepts the user or the user's id.
 *
 * @throws UnsupportedByStoreError when the store cannot list by user, or when the application uses its own
 * express-session
 * @throws StoreUnavailableError when the store fails
 */
export class UserSessions<U extends object> {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * Returns the logins of a user, newest first. The list includes remembered browsers without a session, except in the
   * remember mode "stateless", which has no records of browsers. The list also includes logins that end at their next
   * use because the user's stamp has changed.
   */
  async list(user: U | string, { req }: CurrentLoginOptions = {}): Promise<LoginInfo[]> {
    const userId = this.#idOf(user);
    return listLogins(this.#core, userId, this.#current(userId, req)?.auth.loginId);
  }

  /**
   * Changes the label of a login. Concurrent requests of the login keep the new label. In the remember mode "stateless",
   * a restore brings the label of the remember cookie back.
   *
   * @param label 1 to 100 characters, without control characters; null removes the label
   * @returns true if the user has this login; false if not, for example for another user's login
   * @throws LabelError when the label is invalid
   */
  async rename(user: U | string, id: string, label: string | null): Promise<boolean> {
    const checked = label === null ? undefined : checkLabel(label);
    if (this.#core.hasForeignSessions) throw foreignSessions();
    return renameLogin(this.#core, { userId: this.#idOf(user), loginId: id }, checked);
  }

  /**
   * Ends one login of a user and forgets its browser. If it is the login of the current request, the user of the
   * request is logged out. In the remember mode "stateless", only the sessions of the login end, as with `revokeAll`.
   *
   * @returns true if the user had this login; false if not, for example for another user's login
   */
  async revoke(user: U | string, id: string, { req }: CurrentLoginOptions = {}): Promise<boolean> {
    const userId = this.#idOf(user);
    const current = this.#current(userId, req);
    if (current && current.auth.loginId === id && !current.context.res.headersSent) {
      await logoutUserIn(current.context);
      return true;
    }
    const ended = await endLogins(this.#core, userId, ({ loginId }) => loginId === id);
    this.#core.remember.noteRevocation();
    this.#emitRevoked(userId, ended);
    return ended.size > 0;
  }

  /**
   * Ends all logins of a user and forgets their browsers.
   *
   * In the remember mode "stateless", only sessions end, and a remember cookie logs its browser in again. Only a change
   * of the user's stamp (`getSessionStamp`) makes these cookies invalid before they expire. If users have no stamp, a
   * process warning is emitted.
   *
   * @param options.exceptCurrent keep the login of this request? @default false
   * @returns how many logins it ended
   * @throws RequestEndedError when `exceptCurrent` is set without `req`, and the response of the context's request has
   * ended
   */
  async revokeAll(
    user: U | string,
    options: CurrentLoginOptions & { exceptCurrent?: boolean | undefined } = {},
  ): Promise<number> {
    const { exceptCurrent = false } = options;
    const userId = this.#idOf(user);
    if (exceptCurrent && !options.req) assertNotEnded("revokeAll(user, { exceptCurrent, req })");
    const current = this.#current(userId, options.req);
    const kept = exceptCurrent ? current?.auth.loginId : undefined;
    const logins = kept === undefined ? await loginIdsOf(this.#core, userId) : new Set<string>();
    if (kept === undefined) {
      if (current && !current.context.res.headersSent) await logoutUserIn(current.context);
      await endAll(this.#core, userId);
    }
    // Some logins may have moved to another session in the meantime. End them one by one.
    for (const id of await endLogins(this.#core, userId, ({ loginId }) => loginId !== kept)) logins.add(id);
    this.#core.remember.noteRevocation();
    this.#emitRevoked(userId, logins);
    return logins.size;
  }

  /**
   * Ends the logins that came from a session or a user of an identity provider, and forgets their browsers. Call it after
   * you have checked a logout token (OpenID Connect Back-Channel Logout 1.0, 2.6). The logins are those whose `external`
   * has these ids; without a `sid`, all logins of the `sub`.
   *
   * A login that is being created at the same time ends too, so its `loginUser` may reject with SessionGoneError. Later
   * logins with this `sid` are refused, because the provider's session has ended, and in the remember mode "stateless",
   * its remember cookies no longer restore a login. A `sub` may log in again, and without a `sid`, its stateless remember
   * cookies stay valid, as with `revokeAll`. The request in which you call this stays logged in until it ends.
   *
   * @param issuer the claim `iss` of the token
   * @param ids the claims `sid` and `sub`, of which at least one is required
   * @returns how many logins it ended
   * @throws OptionError if the manager does not have the option `externalLogins`, if the issuer or an id is not a string
   * of 1 to 255 characters, or if both ids are missing
   */
  async revokeExternal(issuer: string, ids: ExternalIds): Promise<number> {
    const { externalLogins, hasForeignSessions } = this.#core;
    const external = required(externalLogins, "externalLogins", "revokeExternal()");
    if (hasForeignSessions) throw foreignSessions();
    let count = 0;
    for (const [userId, ended] of await external.end(issuer, ids)) {
      this.#emitRevoked(userId, ended);
      count += ended.size;
    }
    if (ids.sid === undefined) this.#core.remember.noteRevocation();
    return count;
  }

  #emitRevoked(userId: string, logins: ReadonlySet<string>): void {
    if (logins.size > 0) this.#core.events.emit("loginsRevoked", { userId, logins: [...logins], reason: "revoked" });
  }

  #idOf(user: U | string): string {
    if (!isObjectOrArray(user)) return checkUserId(user, "id");
    return checkUserId(this.#core.options.userId(user), "userId()");
  }

  /** Returns the login of the request, if it belongs to this user. */
  #current(userId: string, given: Request | undefined): { context: RequestContext; auth: SessionAuth } | undefined {
    if (this.#core.hasForeignSessions) throw foreignSessions();
    const req = given ?? activeContext()?.req;
    const context = req && (knownContext(req, this.#core) ?? (contextIn(req) ? undefined : contextOf(req)));
    if (!context) return undefined;
    const auth = context.auth;
    return auth?.userId === userId && !auth.pending ? { context, auth } : undefined;
  }
}
