import type { Request } from "express";
import type { Duration } from "../duration.js";
import type { ClientOptions } from "../http/client.js";
import type { SessionStore } from "../store/session-store.js";
import type { AnonymousUser } from "../user.js";
import type { DeviceBinding } from "./devices.js";
import type { Part } from "./part.js";
import type { RememberOptions } from "./remember-options.js";
import type { SessionOptions } from "./session-options.js";
import type { ChallengeHandler, View } from "./views.js";

/** Returns the user with this id; null or undefined if there is no such user. (Flask-Login's user_loader) */
export type UserLoader<U> = (id: string, req: Request) => MaybePromise<U | null | undefined>;

/**
 * Returns the user that the request itself identifies, for example by a bearer token; null or undefined if there is
 * none. (Flask-Login's request_loader)
 */
export type RequestLoader<U> = (req: Request) => MaybePromise<U | null | undefined>;

type MaybePromise<T> = T | Promise<T>;

/** The options of a LoginManager. Only `secret` and one of the loaders are required. */
export interface LoginManagerOptions<U extends object = Express.User, A extends object = AnonymousUser> {
  /**
   * One or more secrets that sign cookies. Each must have at least 32 characters, and must be random if NODE_ENV is
   * "production". The first secret signs, and all secrets verify, so that you can rotate them.
   */
  secret: string | readonly string[];
  /** The store for sessions and remembered browsers. @default a MemoryStore */
  store?: SessionStore | undefined;

  /** Returns the user with this id. */
  userLoader?: UserLoader<U> | undefined;
  /** Returns the user of a request that has no login in its session or remember cookie. */
  requestLoader?: RequestLoader<U> | undefined;
  /** The class of anonymous users, or a function that returns an anonymous user. @default AnonymousUser */
  anonymousUser?: (new () => A) | (() => A) | undefined;
  /** Returns the user's id. @default `user.getId()`, or `user.id` if there is no such method */
  userId?: ((user: U) => string) | undefined;
  /** Returns the user's roles. @default `user.roles` */
  roles?: ((user: U) => MaybePromise<readonly string[]>) | undefined;

  /** The page where users log in. Guards redirect to this page. If it is not set, they send status 401. */
  loginView?: View | undefined;
  /** The page where users confirm their login. Guards redirect to this page. If it is not set, they send status 403. */
  refreshView?: View | undefined;
  /**
   * The page that asks for a further method, such as a second factor. Guards redirect to this page. If it is not set,
   * they send status 401 to users whose login is not complete, and 403 to others.
   */
  methodView?: View | undefined;
  /**
   * Returns the methods that a user must use before the login is complete. Until then, `currentUser()` is the anonymous
   * user, and `pendingUser()` is the user. It is called each time the user is loaded, so a method that becomes required
   * later is also required for existing logins. It does not apply to users of the request loader.
   *
   * @default no methods
   */
  requiredMethods?: ((user: U) => MaybePromise<readonly string[]>) | undefined;
  /** How long a user may take to use the required methods. After that, the user must log in again. @default "10m" */
  methodTimeout?: Duration | undefined;
  /**
   * The message that is flashed before a redirect to `loginView`; null for no message.
   *
   * @default "Please log in to access this page."
   */
  loginMessage?: string | null | undefined;
  /** The category of `loginMessage`. @default "message" */
  loginMessageCategory?: string | undefined;
  /**
   * The message that is flashed before a redirect to `refreshView`; null for no message.
   *
   * @default "Please confirm your login to access this page."
   */
  needsRefreshMessage?: string | null | undefined;
  /** The category of `needsRefreshMessage`. @default "message" */
  needsRefreshMessageCategory?: string | undefined;
  /**
   * The message that is flashed before a redirect to `methodView`; null for no message.
   *
   * @default "Please confirm that it is you to access this page."
   */
  methodMessage?: string | null | undefined;
  /** The category of `methodMessage`. @default "message" */
  methodMessageCategory?: string | undefined;
  /** Translates `loginMessage`, `needsRefreshMessage` and `methodMessage`. */
  localize?: ((message: string, req: Request) => string) | undefined;
  /** Responds to a request without a login, instead of the redirect or status 401. */
  onUnauthorized?: ChallengeHandler | undefined;
  /** Responds to a request whose login is not fresh, instead of the redirect or status 403. */
  onNeedsRefresh?: ChallengeHandler | undefined;
  /** Responds to a request whose login lacks a method, instead of the redirect or the status 401 or 403. */
  onMethodRequired?: ChallengeHandler | undefined;
  /** Responds to a request whose user does not have the required role, instead of status 403. */
  onForbidden?: ChallengeHandler | undefined;
  /**
   * Where the URL of the requested page is stored while the user logs in. `"query"`: in the query of `loginView`.
   * `"cookie"`: in the flash cookie, for ten minutes, if the URL has at most 512 bytes.
   *
   * @default "query"
   */
  nextIn?: "query" | "cookie" | undefined;
  /**
   * This site's public origin, for example `"https://app.example.com"`: a scheme, a host and an optional port. If a view
   * is on another origin, guards add the absolute URL of the requested page as `next`, so that the view can redirect
   * back. The origin is never taken from the request, because the client chooses the Host header.
   *
   * @default unknown: `next` is always a path, and a view with an absolute URL gets no `next` in its query
   */
  origin?: string | undefined;
  /**
   * The origins of other sites to which `safeNext` may return, for example `["https://app.example.com"]`. Each is a
   * scheme, a host and an optional port, without a path or a wildcard. Set it on the site with the login page. All
   * pages of these sites can be the target of a redirect.
   *
   * @default [], only this site
   */
  nextOrigins?: readonly string[] | undefined;
  /** The host, with an optional port, in redirects to the views. @default the view's own host, if its URL has one */
  redirectHost?: string | undefined;
  /**
   * HTTP methods that guards never refuse. Use `["OPTIONS"]` if a guard runs before the middleware that responds to
   * CORS preflight requests.
   *
   * @default []
   */
  exemptMethods?: readonly string[] | undefined;

  /**
   * What happens if another client uses a session. `"basic"`: the login is no longer fresh. `"strong"`: the session
   * ends. `false`: nothing.
   *
   * @default "basic"
   */
  sessionProtection?: "basic" | "strong" | false | undefined;
  /**
   * Returns a string that identifies the client. latchkey uses it for `sessionProtection` and for remembered browsers:
   * after a restore, a request with the previous remember cookie gets the new cookie only if it comes from the same
   * client. The store gets only a keyed hash of the result, which differs for each login.
   *
   * @default `req.ip` and the User-Agent
   */
  fingerprint?: ((req: Request) => string) | undefined;
  /**
   * What a login stores about its client, for the list of the user's logins.
   *
   * @default the address and the User-Agent
   */
  client?: ClientOptions | undefined;
  /** The options of the session and its cookie. */
  session?: SessionOptions | undefined;
  /** The options of the remember cookie. */
  remember?: RememberOptions | undefined;
  /**
   * `externalLogins()` of `latchkey/external-logins`: logins can be ended by the ids of an identity provider.
   *
   * @default they cannot; `loginUser` rejects `external`
   */
  externalLogins?: Part<"externalLogins"> | undefined;
  /**
   * `knownBrowsers()` of `latchkey/known-browsers`: the event `loggedIn` says whether the user has logged in with the
   * browser before.
   *
   * @default it does not
   */
  knownBrowsers?: Part<"knownBrowsers"> | undefined;
  /**
   * `deviceBound()` of `latchkey/device-bound`: logins are bound to the devices of their browsers, so that copies of
   * their cookies do not work on other devices. (Device Bound Session Credentials)
   *
   * @default they are not
   */
  deviceBound?: DeviceBinding | undefined;
  /** A session ends if it is not used for this long. @default "24h" */
  idleTimeout?: Duration | undefined;
  /** A login ends after this long, even if it is used. A confirmation restarts this time. @default "30d" */
  absoluteTimeout?: Duration | undefined;
  /** How long a login stays fresh after the user gave the credentials. @default until the session ends */
  freshFor?: Duration | undefined;
  /**
   * How many logins a user may have at the same time. A login whose session has ended, and which only a remember cookie
   * can restore, is not counted.
   *
   * @default no limit
   */
  maxSessions?: number | undefined;
  /**
   * What happens if a new login exceeds `maxSessions`. `"end-oldest"`: the user's oldest login ends. `"refuse"`: the
   * new login is refused with SessionLimitError.
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
  /** How long a call of the store may take. After this time, the store is treated as unavailable. @default "2s" */
  storeTimeout?: Duration | undefined;
  /**
   * A name that separates managers with the same secret and the same store, such as one for customers and one for
   * staff. A manager rejects the cookies of another realm. If it ends the logins of its user "1", the logins of user
   * "1" in another realm stay valid. The default names of the cookies begin with the realm, as in `staff-sid`. At
   * most 32 letters, digits, `_` and `-`.
   *
   * @default no realm
   */
  realm?: string | undefined;
}
