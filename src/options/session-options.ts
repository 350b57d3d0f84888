import type { Request } from "express";
import { type Check, group, isBoolean, isFunction, oneOf } from "../checks.js";
import { OptionError } from "../errors.js";
import type { SessionCookieOptions } from "../http/cookies/attributes.js";
import { checkCookie, isCookieName } from "./cookie.js";
import { isPart, type Part } from "./part.js";

/** How sessions are created and saved: the options of express-session, without `secret`, `store` and `resave`. */
export interface SessionOptions {
  /**
   * The cookie's name.
   *
   * @default "sid", or "staff-sid" with the realm "staff"; in production with the prefix "__Host-", if the cookie's
   * attributes allow that
   */
  name?: string | undefined;
  /** The cookie's attributes, or a function that returns them for a request. */
  cookie?: SessionCookieOptions | ((req: Request) => SessionCookieOptions) | undefined;
  /** Returns a new session id, which must be unique and impossible to guess. @default 192 random bits, base64url */
  genid?: ((req: Request) => string) | undefined;
  /**
   * Whether to trust the header `X-Forwarded-Proto`, which reports whether the browser used HTTPS. This applies to all
   * of latchkey's cookies.
   *
   * @default the setting "trust proxy" of Express decides
   */
  proxy?: boolean | undefined;
  /**
   * Whether each response sets the cookie again. This needs one store call per request, to check that the session still
   * exists.
   *
   * @default false
   */
  rolling?: boolean | undefined;
  /** Whether to save a new session even if it is empty. @default false */
  saveUninitialized?: boolean | undefined;
  /**
   * What happens to the session in the store after `req.session = null`. `"keep"`: the session stays in the store.
   * `"destroy"`: the session ends. With `"destroy"`, it also ends after `delete req.session`.
   *
   * @default "keep"
   */
  unset?: "destroy" | "keep" | undefined;
  /**
   * `importFrom({ ... })` of `latchkey/session-imports`: imports the sessions of the application's earlier
   * express-session, each when its browser comes back, so that nobody is logged out.
   */
  importFrom?: EarlierSessions | undefined;
}

/** The sessions of an earlier express-session, and what its cookie looks like. */
export interface EarlierSessions extends Part<"importFrom"> {
  /** The name of the cookie. */
  readonly name: string;
  /** The secrets that verify the cookie. */
  readonly secrets: readonly string[];
}

/** SessionOptions with every default filled in. */
export interface ResolvedSession {
  /** The application's function that makes session ids; undefined if latchkey makes them. */
  genid: ((req: Request) => string) | undefined;
  proxy: boolean | undefined;
  rolling: boolean;
  saveUninitialized: boolean;
  unset: "destroy" | "keep";
}

/** The check for the option `session`. */
export const checkSession: Check = group({
  name: isCookieName,
  cookie: checkCookie("session"),
  genid: isFunction,
  proxy: isBoolean,
  rolling: isBoolean,
  saveUninitialized: isBoolean,
  unset: oneOf("destroy", "keep"),
  importFrom: isPart("importFrom"),
  resave: refuseResave,
});

/** Fills in the defaults, except those of the cookie. */
export function resolveSession(given: SessionOptions = {}): Readonly<ResolvedSession> {
  const { genid, proxy, rolling = false, saveUninitialized = false, unset = "keep" } = given;
  return Object.freeze({ genid, proxy, rolling, saveUninitialized, unset });
}

function refuseResave(option: string): void {
  throw new OptionError(
    option,
    "latchkey writes only the keys of a session that a request changed, because writing the others would overwrite the " +
      "changes of concurrent requests. Remove this option",
  );
}
