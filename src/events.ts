import { channel } from "node:diagnostics_channel";
import type { Request } from "express";

/** Why latchkey ended an invalid login when a request used it. */
export type EndReason =
  | "unknown user"
  | "stamp changed"
  | "absolute timeout"
  | "session protection"
  | "clock"
  | "inactive user"
  | "impersonator";

/**
 * Why an impersonation ended: `"stopped"` by `stopImpersonating`, `"logged out"` by `logoutUser`, `"revoked"` together
 * with one of its two logins, or the reason why a request found it to be invalid.
 */
export type ImpersonationEnd = "stopped" | "logged out" | "revoked" | EndReason;

/**
 * Why a login that is bound to a device, or the proof of a key, was rejected: the request lacks the device's cookie, or
 * that cookie has expired; the proof is malformed, is not signed with the key, or signs a challenge that was made for
 * another login or was already used; or the login already has another key.
 */
export type DeviceRefusal = "no cookie" | "expired cookie" | "invalid proof" | "wrong challenge" | "other key";

/** Why logins were revoked. Logouts, and logins that a request found to be invalid, are not included. */
export type RevokeReason =
  | "revoked"
  | "stamp changed"
  | "session limit"
  | "stale remember token"
  | "stolen remember token";

/** The events of logins, with the details that a listener gets. The first nine are Flask-Login's signals. */
export interface LoginEvents<U = Express.User> {
  /**
   * `loginUser` logged somebody in, or `confirmLogin` completed a login. `browser` is set with the option
   * `knownBrowsers`: has this user logged in with this browser before?
   */
  loggedIn: { req: Request; user: U; browser?: "known" | "new" };
  /**
   * `loginUser` or `confirmLogin` left a login incomplete, because the user must also use these methods. Nobody is
   * logged in yet.
   */
  loginPending: { req: Request; user: U; methods: readonly string[] };
  /** `logoutUser` ended a login. `user` is absent if the user could not be loaded. */
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
  /** A guard refused a login that lacks these methods. */
  methodRequired: { req: Request; user: U; methods: readonly string[] };
  /** The current user was read for the first time in a request. */
  userAccessed: { req: Request };
  /**
   * Session protection noticed that a session is used by a different client than at the login. Each process reports each
   * such client once.
   */
  sessionProtected: { req: Request; userId: string; mode: "basic" | "strong" };
  /** A guard refused a user who has none of the roles, or a request in which an administrator acts as the user. */
  forbidden: { req: Request; user: U };
  /** `sameOriginRequired()` refused a request that a page of another origin sent. */
  crossOriginRefused: { req: Request };
  /** A login was found to be invalid while its user was loaded, and was ended. */
  loginEnded: { req: Request; userId: string; reason: EndReason };
  /** An administrator, `impersonator`, acts as a user from now on. `loginId` is the id of the user's new login. */
  impersonationStarted: { req: Request; user: U; impersonator: U; loginId: string };
  /** An administrator no longer acts as the user. `req` is absent if one of the two logins was revoked. */
  impersonationEnded: {
    req?: Request;
    userId: string;
    impersonatorId: string;
    loginId: string;
    reason: ImpersonationEnd;
  };
  /** `refreshStamp` kept a login whose user's stamp has changed. */
  stampRefreshed: { req: Request; user: U };
  /** Logins were revoked. `logins` are their ids. */
  loginsRevoked: { userId: string; logins: string[]; reason: RevokeReason };
  /** A login was refused because the user already has `maxSessions` logins. */
  loginRefused: { req: Request; user: U };
  /**
   * A browser sent a remember cookie whose token was replaced more than a minute ago. In addition, the new session was
   * already used, or the client is a different one. Either the cookie was copied, or a response was lost on its way to
   * a client whose address changed. The browser is forgotten. `last` says where and when the token was replaced.
   */
  rememberTokenStale: { req: Request; userId: string; loginId: string; last: TokenUse };
  /**
   * A browser sent a remember cookie whose token was replaced more than once, so two browsers have the cookie. All of
   * the user's browsers are forgotten, and their sessions end.
   */
  rememberTokenStolen: { req: Request; userId: string; loginId: string; last: TokenUse };
  /** A browser has registered a key, with the option `deviceBound`. Its login is bound once it sends the new cookie. */
  deviceRegistered: { req: Request; userId: string; loginId: string };
  /** A browser proved that it has the key of a login, and got a new cookie. */
  deviceRefreshed: { req: Request; userId: string; loginId: string };
  /**
   * A request lacked the valid cookie of its login's device, so nobody is logged in for that request; or a browser's
   * proof was rejected. The login itself does not change. Either its cookies were copied, or the browser has lost its
   * key.
   */
  deviceRefused: { req: Request; userId: string; loginId: string; reason: DeviceRefusal };
  /** A browser sent a session or remember cookie more than once, so the cookie was ignored. The response removes it. */
  cookieDoubled: { req: Request; name: string };
  /**
   * The store failed or was too slow. During an outage, there is at most one such event per second. `failures` is the
   * number of failed calls since the previous event, and `operation` (the method of SessionStore) and `error` describe
   * the last of them. Each failed `prune` that the store itself started emits a separate event.
   */
  storeFailed: { operation: string; error: Error; failures: number };
  /**
   * After `storeFailed`: the store responded to a call, and no call failed for a second. `since` is when the first call
   * failed.
   */
  storeRecovered: { since: number };
  /**
   * The store has a session or a remembered browser that cannot be read, for example because a later version wrote it in
   * a format that this version does not know. It is treated as absent. `id` is the id of its record. The record is
   * removed together with the user's other logins, or when it expires.
   */
  recordDamaged: { id: string; userId: string | null };
  /** A request tried to save a session that another request had already ended. Nothing was saved. */
  sessionGone: { req: Request };
}

/** Where and when a remember token was used, as far as known. */
export interface TokenUse {
  address: string | null;
  userAgent: string | null;
  /** Milliseconds since the epoch. */
  at: number;
}

/** The name of an event. */
export type LoginEventName = keyof LoginEvents;

/** A listener gets the event's details. latchkey does not wait for a promise that it returns. */
export type LoginListener<U, N extends LoginEventName> = (details: LoginEvents<U>[N]) => unknown;

/** The `diagnostics_channel` on which each event of every manager is published, as `{ name, details }`. */
const events = channel("latchkey:event");

/**
 * The listeners of one LoginManager. They are called in order, and a request does not wait for them. If a listener
 * throws or rejects, the request and the next listener continue. Its error becomes a process warning
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
