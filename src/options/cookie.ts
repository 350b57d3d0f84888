import type { Request } from "express";
import { parseDuration } from "../duration.js";
import { OptionError } from "../errors.js";
import type { CookieOptions, ResolvedCookie, SessionCookieOptions } from "../http/cookies.js";
import { type Check, group, isBoolean, matches, oneOf } from "./checks.js";

/** Refuses what is no name of a cookie. */
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

/** The name of the cookie of the flash messages: `flash` beside `sid`, with the same prefix, and `<name>-flash` beside another name. */
export function flashCookieName(sessionName: string): string {
  return /^(__Host-)?sid$/.test(sessionName) ? sessionName.replace("sid", "flash") : `${sessionName}-flash`;
}

const CHECKS: Record<"session" | "remember", Check> = { session: group(SESSION_COOKIE), remember: group(COOKIE) };

/** The attributes of a cookie, or a function that returns them for a request. */
type Given<T> = T | ((req: Request) => T) | undefined;

/** Checks that the option is a function, or valid attributes of a cookie. */
export function checkCookie(option: "session" | "remember"): Check {
  return (path, value) => {
    if (typeof value !== "function") CHECKS[option](path, value);
  };
}

/** A cookie with its defaults, and its attributes for each request if the option is a function. */
export function cookieFor(
  option: "session" | "remember",
  baseName: string,
  givenName: string | undefined,
  given: Given<SessionCookieOptions>,
): { resolved: ResolvedCookie; attributesOf: ((req: Request) => ResolvedCookie) | undefined } {
  if (typeof given !== "function") {
    return { resolved: resolveCookie(option, baseName, givenName, given), attributesOf: undefined };
  }
  // Attributes that depend on the request may not allow the prefix that the defaults would.
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
 * @param option the group of options that has its name and attributes
 *
 * @throws OptionError for attributes that together make a browser drop the cookie
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
  // Browsers read the prefixes in any case (RFC 6265bis).
  if (/^__host-/i.test(name) && !mayBindToHost) {
    throw new OptionError(
      `${option}.name`,
      `${name} needs secure: true, path "/" and no domain: browsers refuse it otherwise`,
    );
  }
  if (/^__secure-/i.test(name) && secure !== true) {
    throw new OptionError(`${option}.name`, `${name} needs secure: true: browsers refuse it otherwise`);
  }
  if (sameSite === "none" && secure !== true) {
    throw new OptionError(`${option}.cookie.sameSite`, '"none" needs secure: true: browsers refuse it otherwise');
  }
  if (given.partitioned && secure !== true) {
    throw new OptionError(`${option}.cookie.partitioned`, "true needs secure: true: browsers refuse it otherwise");
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
