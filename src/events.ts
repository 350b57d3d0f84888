import { channel } from "node:diagnostics_channel";
import type { Request } from "express";

/** Why a login was ended by latchkey itself, not by a logout. */
export type EndReason = "unknown user" | "stamp changed" | "absolute timeout" | "session protection" | "clock";

/** Why logins were ended from elsewhere. */
export type RevokeReason =
  | "revoked"
  | "stamp changed"
  | "session limit"
  | "stale remember token"
  | "stolen remember token";

/** What happens in the life of a login, and what a listener is told. The first nine are Flask-Login's signals. */
export interface LoginEvents<U = Express.User> {
  /** `loginUser` logged somebody in. */
  loggedIn: { req: Request; user: U };
  /** `logoutUser` ended a login. `user` is absent when it could not be loaded. */
  loggedOut: { req: Request; userId: string; user?: U };
  /** The remember cookie restored a login. */
  loadedFromCookie: { req: Request; user: U };
  /** The request loader recognized a user. */
  loadedFromRequest: { req: Request; user: U };
  /** `confirmLogin` made a login fresh. */
  loginConfirmed: { req: Request; user: U };
  /** A guard refused somebody who is not logged in. */
  unauthorized: { req: Request };
  /** A guard refused a login that is not fresh. */
  needsRefresh: { req: Request };
  /** The current user was asked for, the first time in a request. */
  userAccessed: { req: Request };
  /** Session protection saw another client than the one that logged in. */
  sessionProtected: { req: Request; userId: string; mode: "basic" | "strong" };
  /** A guard refused a user who has none of the roles. */
  forbidden: { req: Request; user: U };
  /** A login was ended while loading its user. */
  loginEnded: { req: Request; userId: string; reason: EndReason };
  /** `refreshStamp` kept a login whose user's stamp has changed. */
  stampRefreshed: { req: Request; user: U };
  /** Logins, by their ids, were ended from elsewhere. */
  loginsRevoked: { userId: string; logins: string[]; reason: RevokeReason };
  /** A login was refused, because the user has `maxSessions` already. */
  loginRefused: { req: Request; user: U };
  /**
   * A remember cookie was presented whose token has had a successor for longer than a minute, and the successor's session was used, or
   * the client is another: the cookie was copied, or a response was lost on the way to a client whose address changed. Its browser is forgotten. `last` is where the successor was made, and when.
   */
  rememberTokenStale: { req: Request; userId: string; loginId: string; last: TokenUse };
  /**
   * A remember cookie was presented whose token's successor was used up as well: two browsers hold it. All of the user's browsers are
   * forgotten, and every session ends that has one.
   */
  rememberTokenStolen: { req: Request; userId: string; loginId: string; last: TokenUse };
  /** A browser sent a session or remember cookie more than once, so it was ignored. The response removes it. */
  cookieDoubled: { req: Request; name: string };
  /** The store failed or was too slow; `operation` is the verb of SessionStore. */
  storeFailed: { operation: string; error: Error };
  /**
   * The store has a session or a remembered browser that cannot be read. It is treated as absent. `id` is the key of its record. The
   * record is removed together with the user's other logins, or when it expires.
   */
  recordDamaged: { id: string; userId: string | null };
  /** A request tried to save a session that had been ended meanwhile; nothing was saved. */
  sessionGone: { req: Request };
}

/** Where and when a remember token was used, as far as it is known. */
export interface TokenUse {
  address: string | null;
  userAgent: string | null;
  /** Milliseconds since the epoch. */
  at: number;
}

/** The name of an event. */
export type LoginEventName = keyof LoginEvents;

/** Called with the event's details; a promise that it returns is not waited for. */
export type LoginListener<U, N extends LoginEventName> = (details: LoginEvents<U>[N]) => unknown;

/** Node's `diagnostics_channel` hears each event of every manager, as `{ name, details }`. */
const events = channel("latchkey:event");

/**
 * The listeners of one LoginManager. They are called in order, and a request does not wait for them.
 * One that throws or rejects breaks neither the request nor the next listener: its error becomes a process warning
 * (`process.on("warning")`, printed by default) named LatchkeyListenerWarning.
 */
export class LoginEmitter<U = Express.User> {
  readonly #listeners = new Map<LoginEventName, Array<(details: never) => unknown>>();

  on<N extends LoginEventName>(name: N, listener: LoginListener<U, N>): void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }

  off<N extends LoginEventName>(name: N, listener: LoginListener<U, N>): void {
    this.#listeners.set(name, this.#listeners.get(name)?.filter((other) => other !== listener) ?? []);
  }

  has(name: LoginEventName): boolean {
    return (this.#listeners.get(name)?.length ?? 0) > 0;
  }

  emit<N extends LoginEventName>(name: N, details: LoginEvents<U>[N]): void {
    if (events.hasSubscribers) events.publish({ name, details });
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        Promise.resolve(listener(details as never)).catch((error: unknown) => warn(name, error));
      } catch (error) {
        warn(name, error);
      }
    }
  }
}

function warn(name: LoginEventName, error: unknown): void {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`a listener of ${name} failed: ${reason}`, "LatchkeyListenerWarning");
}
