import { type Check, isBoolean, matches, oneOf } from "../../checks.js";
import type { Duration } from "../../duration.js";

/** The attributes of one of latchkey's cookies. */
export interface CookieOptions {
  /** The domain that gets the cookie, with its subdomains. @default only the host that set it */
  domain?: string | undefined;
  /** The path under which the browser sends the cookie. @default "/" */
  path?: string | undefined;
  /**
   * Whether the cookie is only sent over HTTPS; `"auto"` means true if the request arrived over HTTPS.
   *
   * @default true if NODE_ENV is "production", otherwise "auto"
   */
  secure?: boolean | "auto" | undefined;
  /** Whether the cookie is hidden from scripts. @default true */
  httpOnly?: boolean | undefined;
  /** Whether requests from other sites include the cookie. `"none"` needs `secure: true`. @default "lax" */
  sameSite?: "lax" | "strict" | "none" | undefined;
  /**
   * A browser with too many cookies drops those with a lower priority first.
   *
   * @default none, which browsers treat as medium
   */
  priority?: "low" | "medium" | "high" | undefined;
  /** Whether each site that embeds this one has its own cookie (CHIPS); needs `secure: true`. @default false */
  partitioned?: boolean | undefined;
}

/** The attributes of the session cookie. */
export interface SessionCookieOptions extends CookieOptions {
  /**
   * How long the browser keeps the cookie after the last response that set it. A session that is not used for this long
   * ends.
   *
   * @default until the browser closes
   */
  maxAge?: Duration | undefined;
}

/** A cookie with every default filled in. */
export interface ResolvedCookie extends Readonly<CookieOptions> {
  readonly name: string;
  readonly path: string;
  readonly secure: boolean | "auto";
  readonly httpOnly: boolean;
  readonly sameSite: "lax" | "strict" | "none";
  /** Milliseconds. */
  readonly maxAge?: number;
}

/** What latchkey knows of an attribute. */
interface Attribute<T> {
  check: Check;
  /** Returns the value of a cookie that is not given one. Without it, such a cookie does not have the attribute. */
  byDefault?: () => T;
  /** Browsers reject a cookie with this value that is not Secure. */
  needsSecure?: T;
}

/**
 * Every attribute of CookieOptions. The checks of the options, the resolved cookies, `req.session.cookie` and the
 * Set-Cookie headers all follow from this table.
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
