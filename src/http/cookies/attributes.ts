import { type Check, isBoolean, matches, oneOf } from "../../checks.js";
import type { Duration } from "../../duration.js";

/** Browsers store no cookie for longer than 400 days (RFC 6265bis). In milliseconds. */
export const LONGEST_COOKIE: number = 400 * 24 * 60 * 60 * 1000;

/** The attributes of one of latchkey's cookies. */
export interface CookieOptions {
  /** The domain that receives the cookie. Its subdomains receive it too. @default only the host that set the cookie */
  domain?: string | undefined;
  /** The browser sends the cookie only with requests under this path. @default "/" */
  path?: string | undefined;
  /**
   * Whether the browser sends the cookie only over HTTPS; `"auto"` means true if the request arrived over HTTPS.
   *
   * @default true if NODE_ENV is "production", otherwise "auto"
   */
  secure?: boolean | "auto" | undefined;
  /** Whether to hide the cookie from scripts in the browser. @default true */
  httpOnly?: boolean | undefined;
  /**
   * Which requests from other sites include the cookie. `"strict"`: none. `"lax"`: only requests for links that the
   * user follows. `"none"`: all of them; this value needs `secure: true`.
   *
   * @default "lax"
   */
  sameSite?: "lax" | "strict" | "none" | undefined;
  /**
   * A browser that has too many cookies deletes those with a lower priority first.
   *
   * @default no priority, which browsers treat as medium
   */
  priority?: "low" | "medium" | "high" | undefined;
  /**
   * Whether the browser stores a separate cookie for each site that embeds this one (CHIPS). Needs `secure: true`.
   *
   * @default false
   */
  partitioned?: boolean | undefined;
}

/** The attributes of the session cookie. */
export interface SessionCookieOptions extends CookieOptions {
  /**
   * How long the browser keeps the cookie after the last response that set it. A session ends if it is not used for
   * this long.
   *
   * @default until the browser closes
   */
  maxAge?: Duration | undefined;
}

/** The name and attributes of a cookie, with every default filled in. */
export interface ResolvedCookie extends Readonly<CookieOptions> {
  readonly name: string;
  readonly path: string;
  readonly secure: boolean | "auto";
  readonly httpOnly: boolean;
  readonly sameSite: "lax" | "strict" | "none";
  /** The lifetime in milliseconds. */
  readonly maxAge?: number;
}

/** How latchkey handles an attribute. */
interface Attribute<T> {
  check: Check;
  /** Returns the default value. An attribute without this function has no default value, and may be absent. */
  byDefault?: () => T;
  /** Browsers reject a cookie that has this value and is not Secure. */
  needsSecure?: T;
}

/**
 * Every attribute of CookieOptions. This table determines the checks of the options, the resolved cookies,
 * `req.session.cookie` and the Set-Cookie headers.
 */
export const ATTRIBUTES: { [K in keyof CookieOptions]-?: Attribute<CookieOptions[K]> } = {
  domain: { check: matches(/^\.?[a-z0-9-]+(\.[a-z0-9-]+)*$/i, "a domain name") },
  path: { check: matches(/^\/[\x21-\x3a\x3c-\x7e]*$/, 'a path that starts with "/"'), byDefault: () => "/" },
  secure: {
    check: oneOf(true, false, "auto"),
    byDefault: () => (process.env.NODE_ENV === "production" ? true : "auto"),
  },
  httpOnly: { check: isBoolean, byDefault: () => true },
  sameSite: { check: oneOf("lax", "strict", "none"), byDefault: () => "lax", needsSecure: "none" },
  priority: { check: oneOf("low", "medium", "high") },
  partitioned: { check: isBoolean, needsSecure: true },
};

/** The names of all attributes. */
export const ATTRIBUTE_NAMES = Object.keys(ATTRIBUTES) as Array<keyof CookieOptions>;
