import type { Request } from "express";
import { type Check, group, isBoolean, oneOf } from "../checks.js";
import { type Duration, parseDuration } from "../duration.js";
import { OptionError } from "../errors.js";
import type { CookieOptions } from "../http/cookies/attributes.js";
import { checkCookie, isCookieName } from "./cookie.js";

/** How users are remembered across browser restarts. */
export interface RememberOptions {
  /**
   * The cookie's name.
   *
   * @default "remember"; in production "__Host-remember", if the cookie's attributes allow that prefix
   */
  name?: string | undefined;
  /**
   * `"persistent"`: the store keeps a record of each remembered browser, so that browsers can be listed and forgotten,
   * and a copied cookie is detected. `"stateless"`: the store keeps no record. A cookie is valid until it expires or
   * the user's stamp changes; a logout or a revocation does not end it.
   *
   * @default "persistent"; "stateless" if the store `lacks` something
   */
  mode?: "persistent" | "stateless" | undefined;
  /** The cookie's attributes, or a function that returns them for a request. */
  cookie?: CookieOptions | ((req: Request) => CookieOptions) | undefined;
  /** How long a browser is remembered, at most 400 days: browsers keep no cookie longer. @default "365d" */
  duration?: Duration | undefined;
  /**
   * A browser is forgotten if the remember cookie has not restored a login for this long. Only in the persistent mode.
   *
   * @default `duration`
   */
  idleTimeout?: Duration | undefined;
  /**
   * Whether each restore restarts the duration. In the stateless mode, each request whose session has the login
   * restarts it too, which costs one store call.
   *
   * @default false
   */
  refreshEachRequest?: boolean | undefined;
}

/** Browsers keep no cookie longer than 400 days (RFC 6265bis). */
const LONGEST_COOKIE = 400 * 24 * 60 * 60 * 1000;

/** The check for the option `remember`. */
export const checkRemember: Check = group({
  name: isCookieName,
  mode: oneOf("persistent", "stateless"),
  cookie: checkCookie("remember"),
  duration: checkRememberDuration,
  idleTimeout: parseDuration,
  refreshEachRequest: isBoolean,
});

/**
 * Parses the duration of a remember cookie, in milliseconds.
 *
 * @throws OptionError for an invalid duration, and for more than 400 days
 */
export function checkRememberDuration(option: string, value: unknown): number {
  const duration = parseDuration(option, value);
  if (duration > LONGEST_COOKIE)
    throw new OptionError(option, "is longer than 400 days, the most a browser keeps a cookie");
  return duration;
}
