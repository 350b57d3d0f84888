import type { Request } from "express";
import { parseDuration } from "../duration.js";
import { OptionError } from "../errors.js";
import type { CookieOptions, ResolvedCookie, SessionCookieOptions } from "../http/cookies.js";
import { type Check, group, isBoolean, matches, oneOf } from "./checks.js";

/** The check for the name of a cookie. */
export const isCookieName: Check = matches(
  /^[\w!#$%&'*.^`|~+-]+$/,
  "a cookie name (RFC 6265: letters, digits and some signs, no spaces)",
);

const COOKIE: Record<keyof CookieOptions, Check> = {
  domain: matches(/^\.?[a-z0-9-]+(\.[a-z0-9-]+)*$/i, "a domain name"),
  path: matches(/^\/[\x21-\x3a\x3c-\x7e]*$/, 'a path that starts with "/"'),
  secure: oneOf(true, false, "auto"),
  httpOnly: isBoolean,
  sameSite: oneOf("lax", "strict", "none"),
  priority: oneOf("low", "medium", "high"),
  partitioned: isBoolean,
};
const SESSION_COOKIE: Record<keyof SessionCookieOptions, Check> = { ...COOKIE, maxAge: parseDuration };

/**
 * The name of the flash cookie: `flash` if the session cookie is named `sid`, with the same prefix; otherwise
 * `<name>-flash`.
 */
export function flashCookieName(sessionName: string): string {
  return /^(__Host-)?sid$/.test(sessionName) ? sessionName.replace("sid", "flash") : `${sessionName}-flash`;
}

const CHECKS: Record<"session" | "remember", Check> = { session: group(SESSION_COOKIE), remember: group(COOKIE) };

/** The attributes of a cookie, or a function that returns them for a request. */
type Given<T> = T | ((req: Request) => T) | undefined;

/** A check for a function, or for valid attributes of this cookie. */
export function checkCookie(option: "session" | "remember"): Check {
  return (path, value) => {
    if (typeof value !== "function") CHECKS[option](path, value);
  };
}

/**
 * Resolves a cookie's options: `resolved` has the defaults filled in; `attributesOf` returns the attributes for a
 * request, if the option is a function.
 */
export function cookieFor(
  option: "session" | "remember",
  baseName: string,
  givenName: string | undefined,
  given: Given<SessionCookieOptions>,
): { resolved: ResolvedCookie; attributesOf: ((req: Request) => ResolvedCookie) | undefined } {
  if (typeof given !== "function") {
    return { resolved: resolveCookie(option, baseName, givenName, given), attributesOf: undefined };
  }
  // The default prefix __Host- is left out, because the attributes for some requests may not allow it.
  const name = givenName ?? baseName;
  const attributesOf = (req: Request) => {
    const attributes: SessionCookieOptions = given(req);
    CHECKS[option](`${option}.cookie`, attributes);
    return resolveCookie(option, baseName, name, attributes);
  };
  return { resolved: resolveCookie(option, baseName, name), attributesOf };
}

/**
 * Fills in the defaults of a cookie.
 *
 * @param option the group of options with the cookie's name and attributes
 *
 * @throws OptionError for a combination of attributes that browsers reject
 */
function resolveCookie(
  option: string,
  baseName: string,
  givenName: string | undefined,
  given: SessionCookieOptions = {},
): ResolvedCookie {
  const secure = given.secure ?? (process.env.NODE_ENV === "production" ? true : "auto");
  const path = given.path ?? "/";
  const sameSite = given.sameSite ?? "lax";
  const mayBindToHost = secure === true && path === "/" && given.domain === undefined;
  const name = givenName ?? (mayBindToHost ? `__Host-${baseName}` : baseName);
  // Browsers ignore upper and lower case in the prefixes (RFC 6265bis).
  if (/^__host-/i.test(name) && !mayBindToHost) {
    throw new OptionError(
      `${option}.name`,
      `${name} needs secure: true, path "/" and no domain; otherwise browsers reject the cookie`,
    );
  }
  if (/^__secure-/i.test(name) && secure !== true) {
    throw new OptionError(`${option}.name`, `${name} needs secure: true; otherwise browsers reject the cookie`);
  }
  if (sameSite === "none" && secure !== true) {
    throw new OptionError(
      `${option}.cookie.sameSite`,
      '"none" needs secure: true; otherwise browsers reject the cookie',
    );
  }
  if (given.partitioned && secure !== true) {
    throw new OptionError(
      `${option}.cookie.partitioned`,
      "true needs secure: true; otherwise browsers reject the cookie",
    );
  }
  const { domain, priority, partitioned, maxAge } = given;
  return Object.freeze({
    name,
    path,
    secure,
    sameSite,
    httpOnly: given.httpOnly ?? true,
    ...(domain ? { domain } : {}),
    ...(priority ? { priority } : {}),
    ...(partitioned ? { partitioned } : {}),
    ...(maxAge === undefined ? {} : { maxAge: parseDuration(`${option}.cookie.maxAge`, maxAge) }),
  });
}
