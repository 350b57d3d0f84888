import type { Request } from "express";
import { type Check, group, matches } from "../checks.js";
import { parseDuration } from "../duration.js";
import { OptionError } from "../errors.js";
import {
  ATTRIBUTE_NAMES,
  ATTRIBUTES,
  type CookieOptions,
  type ResolvedCookie,
  type SessionCookieOptions,
} from "../http/cookies/attributes.js";

/** The check for the name of a cookie. */
export const isCookieName: Check = matches(
  /^[\w!#$%&'*.^`|~+-]+$/,
  "a cookie name (RFC 6265: letters, digits and some punctuation, no spaces)",
);

/** The cookies whose names and attributes follow from those of the session cookie. */
type BesideSession = "flash" | "known";

/**
 * Returns the name of the flash cookie: `flash`, `__Host-flash` or `staff-flash` if the session cookie is named `sid`,
 * `__Host-sid` or `staff-sid`, otherwise `<name>-flash`. The same for the cookie of a known browser.
 */
export function nameBeside(sessionName: string, cookie: BesideSession): string {
  return /(^|-)sid$/.test(sessionName) ? sessionName.replace(/sid$/, cookie) : `${sessionName}-${cookie}`;
}

/** Returns the names of the cookies of a manager with this session cookie, besides the remember cookie. */
export function namesWith(sessionName: string): string[] {
  return [sessionName, nameBeside(sessionName, "flash"), nameBeside(sessionName, "known")];
}

/** The session cookie in the resolved options. */
interface WithSessionCookie {
  readonly sessionCookie: ResolvedCookie;
  readonly sessionCookieOf: AttributesOf;
  readonly session: { readonly proxy: boolean | undefined };
}

/** Returns the attributes of a cookie for a request; undefined if they do not depend on the request. */
type AttributesOf = ((req: Request) => ResolvedCookie) | undefined;

/** Returns a cookie with the attributes of the session cookie, but always hidden from scripts. */
export function cookieBeside(
  { sessionCookie, sessionCookieOf, session }: WithSessionCookie,
  cookie: BesideSession,
): { resolved: ResolvedCookie; attributesOf: AttributesOf; proxy: boolean | undefined } {
  const name = nameBeside(sessionCookie.name, cookie);
  const own = (attributes: ResolvedCookie): ResolvedCookie => ({ ...attributes, name, httpOnly: true });
  const attributesOf = sessionCookieOf && ((req: Request) => own(sessionCookieOf(req)));
  return { resolved: own(sessionCookie), attributesOf, proxy: session.proxy };
}

const CHECK_OF_EACH = Object.fromEntries(ATTRIBUTE_NAMES.map((name) => [name, ATTRIBUTES[name].check]));

const CHECKS: Record<"session" | "remember", Check> = {
  session: group({ ...CHECK_OF_EACH, maxAge: parseDuration }),
  remember: group(CHECK_OF_EACH),
};

/** The attributes of a cookie, or a function that returns them for a request. */
type Given<T> = T | ((req: Request) => T) | undefined;

/** Returns a check that accepts a function, or valid attributes of this cookie. */
export function checkCookie(option: "session" | "remember"): Check {
  return (path, value) => {
    if (typeof value !== "function") CHECKS[option](path, value);
  };
}

/**
 * Resolves the options of a cookie. `resolved` is the cookie with every default filled in. If the option is a function,
 * `attributesOf` returns the cookie's attributes for a request.
 */
export function cookieFor(
  option: "session" | "remember",
  baseName: string,
  givenName: string | undefined,
  given: Given<SessionCookieOptions>,
): { resolved: ResolvedCookie; attributesOf: AttributesOf } {
  if (typeof given !== "function") {
    return { resolved: resolveCookie(option, baseName, givenName, given), attributesOf: undefined };
  }
  // The prefix __Host- is not added by default, because the attributes for some requests may not allow it.
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
 * @throws OptionError if browsers reject this combination of attributes
 */
function resolveCookie(
  option: string,
  baseName: string,
  givenName: string | undefined,
  given: SessionCookieOptions = {},
): ResolvedCookie {
  const attributes = withDefaults(given);
  const { secure, path, domain } = attributes;
  const mayBindToHost = secure === true && path === "/" && domain === undefined;
  const name = givenName ?? (mayBindToHost ? `__Host-${baseName}` : baseName);
  // Browsers recognize the prefixes in upper and lower case (RFC 6265bis).
  if (/^__host-/i.test(name) && !mayBindToHost) {
    throw refusedByBrowsers(`${option}.name`, name, ', path "/" and no domain');
  }
  if (/^__secure-/i.test(name) && secure !== true) {
    throw refusedByBrowsers(`${option}.name`, name);
  }
  for (const attribute of ATTRIBUTE_NAMES) {
    const { needsSecure } = ATTRIBUTES[attribute];
    if (needsSecure !== undefined && attributes[attribute] === needsSecure && secure !== true) {
      throw refusedByBrowsers(`${option}.cookie.${attribute}`, JSON.stringify(needsSecure));
    }
  }
  const { maxAge } = given;
  return Object.freeze({
    ...attributes,
    name,
    ...(maxAge === undefined ? {} : { maxAge: parseDuration(`${option}.cookie.maxAge`, maxAge) }),
  });
}

function refusedByBrowsers(option: string, what: string, others = ""): OptionError {
  return new OptionError(option, `${what} needs secure: true${others}; otherwise browsers reject the cookie`);
}

/**
 * Returns the attributes of a cookie, with defaults. An attribute without a default is omitted if it is not given, or
 * is false.
 */
function withDefaults(given: CookieOptions): Omit<ResolvedCookie, "name" | "maxAge"> {
  const attributes: Record<string, unknown> = {};
  for (const name of ATTRIBUTE_NAMES) {
    const { byDefault } = ATTRIBUTES[name];
    const value = given[name] ?? byDefault?.();
    if (value || byDefault) attributes[name] = value;
  }
  return attributes as unknown as ResolvedCookie;
}
