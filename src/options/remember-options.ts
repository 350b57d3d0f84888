import type { Request } from "express";
import { type Check, group, isBoolean, oneOf } from "../checks.js";
import { type Duration, parseDuration } from "../duration.js";
import { OptionError } from "../errors.js";
import { type CookieOptions, LONGEST_COOKIE } from "../http/cookies/attributes.js";
import { checkCookie, isCookieName } from "./cookie.js";

/** The options of the remember cookie, which keeps users logged in after they close the browser. */
export interface RememberOptions {
  /**
   * The cookie's name.
   *
   * @default "remember", or "staff-remember" with the realm "staff"; in production with the prefix "__Host-", if the
   * cookie's attributes allow that
   */
  name?: string | undefined;
  /**
   * `"persistent"`: the store has a record of each remembered browser. So browsers can be listed and forgotten, and a
   * copied cookie is detected. `"stateless"`: the store has no such record. A cookie is valid until it expires or the
   * user's stamp changes, even after a logout or a revocation.
   *
   * @default "persistent"; "stateless" if the store lacks an ability
   */
  mode?: "persistent" | "stateless" | undefined;
  /** The cookie's attributes, or a function that returns them for a request. */
  cookie?: CookieOptions | ((req: Request) => CookieOptions) | undefined;
  /**
   * How long a browser is remembered: at most 400 days, because browsers store no cookie for longer.
   *
   * @default "365d"
   */
  duration?: Duration | undefined;
  /**
   * A browser is forgotten if its remember cookie restores no login for this long. Only for the mode "persistent".
   *
   * @default `duration`
   */
  idleTimeout?: Duration | undefined;
  /**
   * Whether each restore of a login restarts `duration`. In the mode "stateless", each request whose session has that
   * login restarts it too, which needs one store call.
   *
   * @default false
   */
  refreshEachRequest?: boolean | undefined;
}

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
 * @throws OptionError if the duration is invalid, or longer than 400 days
 */
export function checkRememberDuration(option: string, value: unknown): number {
  const duration = parseDuration(option, value);
  if (duration > LONGEST_COOKIE)
    throw new OptionError(option, "is longer than 400 days, the longest time for which browsers store a cookie");
  return duration;
}
