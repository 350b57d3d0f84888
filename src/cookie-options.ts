import type { CookieOptions, ResolvedCookie, SessionCookieOptions } from "./cookies.js";
import { parseDuration } from "./duration.js";
import { OptionError } from "./errors.js";
import { type Check, group, isBoolean, matches, oneOf } from "./option-checks.js";

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

/** Refuses attributes that no cookie can have. */
export function checkCookie(option: string, value: unknown): void {
  group(COOKIE)(option, value);
}

/** Refuses what neither are attributes of the session's cookie nor a function that gives them. */
export function checkSessionCookie(option: string, value: unknown): void {
  if (typeof value !== "function") group(SESSION_COOKIE)(option, value);
}

/**
 * The session's cookie of one request, by attributes of the application's.
 *
 * @throws OptionError for attributes that are none, or that together make a browser drop the cookie
 */
export function resolveSessionCookie(name: string, given: SessionCookieOptions): ResolvedCookie {
  group(SESSION_COOKIE)("session.cookie", given);
  return resolveCookie("session", name, name, given);
}

/**
 * Fills in the defaults of a cookie.
 *
 * @param option the group of options that has its name and attributes
 *
 * @throws OptionError for attributes that together make a browser drop the cookie
 */
export function resolveCookie(
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
