import type { CookieOptions, ResolvedCookie } from "./cookies.js";
import { OptionError } from "./errors.js";
import { type Check, group, isBoolean, matches, oneOf } from "./option-checks.js";

const COOKIE: Record<keyof CookieOptions, Check> = {
  name: matches(/^[\w!#$%&'*.^`|~+-]+$/, "a cookie name (RFC 6265: letters, digits and some signs, no spaces)"),
  domain: matches(/^\.?[a-z0-9-]+(\.[a-z0-9-]+)*$/i, "a domain name"),
  path: matches(/^\/[\x21-\x3a\x3c-\x7e]*$/, 'a path that starts with "/"'),
  secure: oneOf(true, false, "auto"),
  httpOnly: isBoolean,
  sameSite: oneOf("lax", "strict", "none"),
};

/** Refuses attributes that no cookie can have. */
export function checkCookie(option: string, value: unknown): void {
  group(COOKIE)(option, value);
}

/**
 * Fills in the defaults of a cookie.
 *
 * @throws OptionError for attributes that together make a browser drop the cookie
 */
export function resolveCookie(option: string, baseName: string, given: CookieOptions = {}): ResolvedCookie {
  const secure = given.secure ?? (process.env.NODE_ENV === "production" ? true : "auto");
  const path = given.path ?? "/";
  const sameSite = given.sameSite ?? "lax";
  const mayBindToHost = secure === true && path === "/" && given.domain === undefined;
  const name = given.name ?? (mayBindToHost ? `__Host-${baseName}` : baseName);
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
    throw new OptionError(`${option}.sameSite`, '"none" needs secure: true: browsers refuse it otherwise');
  }
  const { domain } = given;
  return Object.freeze({
    name,
    path,
    secure,
    sameSite,
    httpOnly: given.httpOnly ?? true,
    ...(domain ? { domain } : {}),
  });
}
