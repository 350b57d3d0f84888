import type { NextFunction, Request, Response } from "express";
import type { Duration } from "../duration.js";
import type { CookieOptions, ResolvedCookie, SessionCookieOptions } from "../http/cookies.js";
import type { SessionStore } from "../store/session-store.js";
import type { AnonymousUser } from "../user.js";

/** Finds a user by the id in the session; null or undefined when there is none (any more). (Flask-Login's user_loader) */
export type UserLoader<U> = (id: string, req: Request) => MaybePromise<U | null | undefined>;

/** Recognizes a user by the request itself, such as a bearer token. (Flask-Login's request_loader) */
export type RequestLoader<U> = (req: Request) => MaybePromise<U | null | undefined>;

/** Where people log in: a URL, a map from path prefix to URL (the longest prefix wins), or a function. */
export type View = string | Readonly<Record<string, string>> | ((req: Request) => string | undefined);

/** Answers a refused request by itself, or hands it on: `next()` passes the reason of the refusal to the error handlers. */
export type ChallengeHandler = (req: Request, res: Response, next: NextFunction) => unknown;

type MaybePromise<T> = T | Promise<T>;

/** How a LoginManager works. Only `secret` and a loader are owed. */
export interface LoginManagerOptions<U extends object = Express.User, A extends object = AnonymousUser> {
  /** At least 32 characters each, and random when NODE_ENV is "production". The first signs, all verify, so keys can be rotated. */
  secret: string | readonly string[];
  /** Where sessions are kept. @default a MemoryStore */
  store?: SessionStore | undefined;

  /** Finds a user by id. */
  userLoader?: UserLoader<U> | undefined;
  /** Recognizes a user by the request when neither the session nor the remember cookie does. */
  requestLoader?: RequestLoader<U> | undefined;
  /** The class of the anonymous user, or a function that makes one. @default AnonymousUser */
  anonymousUser?: (new () => A) | (() => A) | undefined;
  /** The user's id. @default `getId()`, else `id` */
  userId?: ((user: U) => string) | undefined;
  /** The user's roles. @default `user.roles` */
  roles?: ((user: U) => MaybePromise<readonly string[]>) | undefined;

  /** Where pages send people to log in; without it they get a 401. */
  loginView?: View | undefined;
  /** Where pages send people to confirm their login; without it they get a 403. */
  refreshView?: View | undefined;
  /** Flashed on the way to `loginView`; null for none. @default "Please log in to access this page." */
  loginMessage?: string | null | undefined;
  /** @default "message" */
  loginMessageCategory?: string | undefined;
  /** Flashed on the way to `refreshView`; null for none. @default "Please confirm your login to access this page." */
  needsRefreshMessage?: string | null | undefined;
  /** @default "message" */
  needsRefreshMessageCategory?: string | undefined;
  /** Translates the two messages. */
  localize?: ((message: string, req: Request) => string) | undefined;
  /** Answers instead of the redirect or 401. */
  onUnauthorized?: ChallengeHandler | undefined;
  /** Answers instead of the redirect or 403. */
  onNeedsRefresh?: ChallengeHandler | undefined;
  /** Answers instead of the 403 to a user without the role. */
  onForbidden?: ChallengeHandler | undefined;
  /**
   * Where the requested page is kept during a login: in the query of `loginView`, or in the cookie of the flash messages. The cookie keeps
   * it for ten minutes, if it is not longer than 512 bytes.
   *
   * @default "query"
   */
  nextIn?: "query" | "cookie" | undefined;
  /** Host, with its port if any, of the views in redirects, whatever the request's Host header says. */
  redirectHost?: string | undefined;
  /**
   * Methods that guards let through, to the handler too: `["OPTIONS"]` where a guard stands before what answers CORS preflights.
   *
   * @default []
   */
  exemptMethods?: readonly string[] | undefined;

  /** What happens when another client uses a session: `"basic"` makes it not fresh, `"strong"` ends it. @default "basic" */
  sessionProtection?: "basic" | "strong" | false | undefined;
  /**
   * Identifies a client, for session protection and for remembered browsers: after a restore, only requests of the same client get the
   * new remember cookie for the one that was replaced.
   *
   * @default the SHA-256 of `req.ip` and the User-Agent
   */
  fingerprint?: ((req: Request) => string) | undefined;
  /** The session's cookie, and when there is one. */
  session?: SessionOptions | undefined;
  /** The remember cookie. */
  remember?: RememberOptions | undefined;
  /** A session unused for this long ends. @default "24h" */
  idleTimeout?: Duration | undefined;
  /** A login ends after this long, used or not; a confirmation starts it anew. @default "30d" */
  absoluteTimeout?: Duration | undefined;
  /** For how long credentials that were seen make a login fresh. @default as long as the session lasts */
  freshFor?: Duration | undefined;
  /** How many logins a user may have at once; those that a remember cookie could restore do not count. @default any number */
  maxSessions?: number | undefined;
  /** What a login past `maxSessions` does: it ends the user's oldest, or is refused with SessionLimitError. @default "end-oldest" */
  onLimit?: "end-oldest" | "refuse" | undefined;
  /** The level of NIST SP 800-63B-4 whose timeouts are meant to be kept; a warning at the start says where they are not. @default 1 */
  assuranceLevel?: 1 | 2 | 3 | undefined;
  /** A store that takes longer counts as unavailable. @default "2s" */
  storeTimeout?: Duration | undefined;
  /**
   * Keeps managers apart that share a secret and a store, such as one for customers and one for staff: the cookies of one are worth
   * nothing to another, and ending the logins of its user "1" ends none of another's. Letters, digits, `_` and `-`, at most 32.
   *
   * @default none
   */
  realm?: string | undefined;
}

/** How sessions are made and saved: the options of express-session, but for `secret` and `store`, which are the manager's. */
export interface SessionOptions {
  /** The cookie's name. @default "sid"; in production "__Host-sid", where path and domain allow it */
  name?: string | undefined;
  /** The cookie's attributes, or what they are for a request. */
  cookie?: SessionCookieOptions | ((req: Request) => SessionCookieOptions) | undefined;
  /** Makes the ids of sessions, which must be unique and cannot be guessed. @default 192 random bits, base64url */
  genid?: ((req: Request) => string) | undefined;
  /** Whether to believe `X-Forwarded-Proto`, for all of latchkey's cookies. @default as Express's "trust proxy" says */
  proxy?: boolean | undefined;
  /** Whether each response sets the cookie again, if the session still exists. Checking that costs one store call. @default false */
  rolling?: boolean | undefined;
  /** Is a session saved that nothing was put into? @default false */
  saveUninitialized?: boolean | undefined;
  /** What becomes of a session that the application takes from its request, by `req.session = null`, or for `"destroy"` by a `delete` too. @default "keep" */
  unset?: "destroy" | "keep" | undefined;
}

/** SessionOptions with every default filled in. */
export interface ResolvedSession {
  /** What makes ids, where the application does. */
  genid: ((req: Request) => string) | undefined;
  proxy: boolean | undefined;
  rolling: boolean;
  saveUninitialized: boolean;
  unset: "destroy" | "keep";
}

/** How users are remembered across browser restarts. */
export interface RememberOptions {
  /** The cookie's name. @default "remember"; in production "__Host-remember", where path and domain allow it */
  name?: string | undefined;
  /**
   * `"persistent"`: the store keeps a record of each remembered browser, so that it can be listed and forgotten, and a copied cookie is
   * detected. `"stateless"`: the store keeps nothing. A cookie is valid until it expires or the user's stamp changes; a logout or a
   * revocation does not end it.
   *
   * @default "persistent", but "stateless" if the store `lacks` something
   */
  mode?: "persistent" | "stateless" | undefined;
  /** The cookie's attributes, or a function that returns them for a request. */
  cookie?: CookieOptions | ((req: Request) => CookieOptions) | undefined;
  /** At most 400 days, which is what browsers keep. @default "365d" */
  duration?: Duration | undefined;
  /** A browser that was not restored for this long is forgotten; in the persistent mode only. @default `duration` */
  idleTimeout?: Duration | undefined;
  /**
   * Whether each restore starts the duration again; in the stateless mode, each request whose session has the login, at the cost of one
   * store call.
   *
   * @default false
   */
  refreshEachRequest?: boolean | undefined;
}

/** The options of a LoginManager, validated, with defaults, frozen; without the secrets, which nothing may print. */
export type ResolvedOptions = Readonly<
  Omit<Given<LoginManagerOptions<object, object>>, OptionalName | "secret" | "session" | "remember" | TimeName> &
    Pick<LoginManagerOptions<object, object>, OptionalName> & {
      session: ResolvedSession;
      /** The name, and the attributes unless a function returns them for each request. */
      sessionCookie: ResolvedCookie;
      rememberCookie: ResolvedCookie;
      /** The attributes for a request, if the application has a function for them. */
      sessionCookieOf: ((req: Request) => ResolvedCookie) | undefined;
      /** The same for the remember cookie. */
      rememberCookieOf: ((req: Request) => ResolvedCookie) | undefined;
      rememberMode: "persistent" | "stateless" | undefined;
      rememberDuration: number;
      /** Infinity for none. */
      rememberIdleTimeout: number;
      refreshEachRequest: boolean;
    } & Record<TimeName, number>
>;

type Given<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };
type TimeName = "idleTimeout" | "absoluteTimeout" | "storeTimeout" | "freshFor";
type OptionalName =
  | "maxSessions"
  | "store"
  | "userLoader"
  | "requestLoader"
  | "roles"
  | "loginView"
  | "refreshView"
  | "localize"
  | "onUnauthorized"
  | "onNeedsRefresh"
  | "onForbidden"
  | "redirectHost";
