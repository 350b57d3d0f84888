import type { NextFunction, Request, Response } from "express";
import type { Duration } from "../duration.js";
import type { SessionStore } from "../store/session-store.js";
import type { AnonymousUser } from "../user.js";
import type { RememberOptions } from "./remember-options.js";
import type { SessionOptions } from "./session-options.js";

/**
 * Returns the user with the id in the session; null or undefined if there is no such user. (Flask-Login's user_loader)
 */
export type UserLoader<U> = (id: string, req: Request) => MaybePromise<U | null | undefined>;

/** Returns the user that the request itself identifies, such as by a bearer token. (Flask-Login's request_loader) */
export type RequestLoader<U> = (req: Request) => MaybePromise<U | null | undefined>;

/** The page where users log in: a URL, a map from path prefix to URL (the longest prefix wins), or a function. */
export type View = string | Readonly<Record<string, string>> | ((req: Request) => string | undefined);

/** Answers a refused request, or calls `next()`, which passes the reason for the refusal to the error handlers. */
export type ChallengeHandler = (req: Request, res: Response, next: NextFunction) => unknown;

type MaybePromise<T> = T | Promise<T>;

/** The options of a LoginManager. Only `secret` and a loader are required. */
export interface LoginManagerOptions<U extends object = Express.User, A extends object = AnonymousUser> {
  /**
   * Secrets for signing cookies: at least 32 characters each, and random if NODE_ENV is "production". The first secret
   * signs, and all of them verify, so secrets can be rotated.
   */
  secret: string | readonly string[];
  /** The store for sessions and remembered browsers. @default a MemoryStore */
  store?: SessionStore | undefined;

  /** Returns the user with this id. */
  userLoader?: UserLoader<U> | undefined;
  /** Returns the user for a request that has no login in its session or remember cookie. */
  requestLoader?: RequestLoader<U> | undefined;
  /** The class of anonymous users, or a function that returns one. @default AnonymousUser */
  anonymousUser?: (new () => A) | (() => A) | undefined;
  /** Returns the user's id. @default `user.getId()`, or `user.id` if there is no such method */
  userId?: ((user: U) => string) | undefined;
  /** Returns the user's roles. @default `user.roles` */
  roles?: ((user: U) => MaybePromise<readonly string[]>) | undefined;

  /** The page to which guards redirect users to log in. Without it, they answer with a 401. */
  loginView?: View | undefined;
  /** The page to which guards redirect users to confirm their login. Without it, they answer with a 403. */
  refreshView?: View | undefined;
  /**
   * The message flashed before a redirect to `loginView`; null for none.
   *
   * @default "Please log in to access this page."
   */
  loginMessage?: string | null | undefined;
  /** The category of `loginMessage`. @default "message" */
  loginMessageCategory?: string | undefined;
  /**
   * The message flashed before a redirect to `refreshView`; null for none.
   *
   * @default "Please confirm your login to access this page."
   */
  needsRefreshMessage?: string | null | undefined;
  /** The category of `needsRefreshMessage`. @default "message" */
  needsRefreshMessageCategory?: string | undefined;
  /** Translates `loginMessage` and `needsRefreshMessage`. */
  localize?: ((message: string, req: Request) => string) | undefined;
  /** Answers a request without a login, instead of the redirect or 401. */
  onUnauthorized?: ChallengeHandler | undefined;
  /** Answers a request whose login is not fresh, instead of the redirect or 403. */
  onNeedsRefresh?: ChallengeHandler | undefined;
  /** Answers a request whose user does not have the role, instead of the 403. */
  onForbidden?: ChallengeHandler | undefined;
  /**
   * Where the requested page is kept during a login: in the query of `loginView`, or in the flash cookie. The cookie
   * keeps it for ten minutes, if it is not longer than 512 bytes.
   *
   * @default "query"
   */
  nextIn?: "query" | "cookie" | undefined;
  /** The host, with an optional port, for redirects to the views. @default the view's own host, if its URL has one */
  redirectHost?: string | undefined;
  /**
   * HTTP methods that guards never refuse; such requests reach the handler. Use `["OPTIONS"]` if a guard runs before
   * the middleware that answers CORS preflights.
   *
   * @default []
   */
  exemptMethods?: readonly string[] | undefined;

  /**
   * What happens if another client uses a session: with `"basic"` the login is no longer fresh, with `"strong"` the
   * session ends.
   *
   * @default "basic"
   */
  sessionProtection?: "basic" | "strong" | false | undefined;
  /**
   * Identifies the client, for `sessionProtection` and for remembered browsers: after a restore, a request with the
   * replaced remember cookie gets the new one only if it comes from the same client.
   *
   * @default the SHA-256 of `req.ip` and the User-Agent
   */
  fingerprint?: ((req: Request) => string) | undefined;
  /** The session cookie, and when sessions are saved. */
  session?: SessionOptions | undefined;
  /** The remember cookie. */
  remember?: RememberOptions | undefined;
  /** A session that is not used for this long ends. @default "24h" */
  idleTimeout?: Duration | undefined;
  /** A login ends after this long, even if it is used. A confirmation restarts this time. @default "30d" */
  absoluteTimeout?: Duration | undefined;
  /** How long a login stays fresh after the credentials were seen. @default as long as the session lasts */
  freshFor?: Duration | undefined;
  /**
   * How many logins a user may have at once. Logins that only a remember cookie could restore do not count.
   *
   * @default any number
   */
  maxSessions?: number | undefined;
  /**
   * What happens if a login exceeds `maxSessions`: the user's oldest login ends, or the new one is refused with
   * SessionLimitError.
   *
   * @default "end-oldest"
   */
  onLimit?: "end-oldest" | "refuse" | undefined;
  /**
   * The assurance level of NIST SP 800-63B-4 whose timeouts you want to follow. A warning at startup lists the options
   * that do not meet it.
   *
   * @default 1
   */
  assuranceLevel?: 1 | 2 | 3 | undefined;
  /** A store that does not answer within this time counts as unavailable. @default "2s" */
  storeTimeout?: Duration | undefined;
  /**
   * Separates managers that share a secret and a store, such as one for customers and one for staff: a manager rejects
   * the cookies of another one, and ending the logins of its user "1" does not affect user "1" of another one. At most
   * 32 letters, digits, `_` and `-`.
   *
   * @default none
   */
  realm?: string | undefined;
}
