import { type Check, checkEach, isBoolean, matches } from "../checks.js";
import { type Duration, parseDuration } from "../duration.js";
import { unexpected } from "../errors.js";
import { originsIn, webOrigin } from "../http/origin.js";
import { isObjectOrArray } from "../objects.js";
import { kindOf } from "../text.js";

/** The options of `deviceBound`. */
export interface DeviceBoundOptions {
  /**
   * How long the cookie of a device is valid: 5 minutes to 1 hour. Copies of all cookies work for this long. Browsers
   * refresh the cookie only a few times in ten minutes, so a shorter time would log users out.
   *
   * @default "10m"
   */
  cookieMaxAge?: Duration | undefined;
  /**
   * The path below which latchkey responds to the browser's requests about its key: `registration` and `refresh`. The
   * path of the manager's cookies must cover it.
   *
   * @default "/device-bound", or "/staff-device-bound" with the realm "staff", below the path of the session cookie
   */
  path?: string | undefined;
  /**
   * The other origins whose pages send requests with the user's login, for example `["https://app.example.com"]` if the
   * pages of the application are there and this is `https://api.example.com`. For pages of an origin that is not listed,
   * browsers do not refresh the cookie, so their users would be logged out after `cookieMaxAge`. A login that such a page
   * makes with `fetch` is not bound.
   *
   * @default []
   */
  trustedOrigins?: readonly string[] | undefined;
  /**
   * Whether browsers are asked to register keys. Deploy with `false` first: an instance without the option
   * `deviceBound` responds to a refresh with 404, which makes the browser delete its key.
   *
   * @default true
   */
  register?: boolean | undefined;
}

const MINUTE = 60_000;
const SHORTEST = 5 * MINUTE;
const LONGEST = 60 * MINUTE;

const CHECKS: Record<keyof DeviceBoundOptions, Check> = {
  cookieMaxAge: checkMaxAge,
  path: matches(/^(\/(?!\.\.?(\/|$))[\w.~-]+)+$/, 'a path such as "/device-bound"'),
  trustedOrigins: (option, list) => originsIn(option, list, webOrigin),
  register: isBoolean,
};

/** Checks the options. @throws OptionError if one is invalid or unknown */
export function checkOptions(options: DeviceBoundOptions): void {
  if (!isObjectOrArray(options)) {
    throw unexpected("deviceBound", 'options such as { cookieMaxAge: "10m" }', kindOf(options));
  }
  checkEach("deviceBound.", CHECKS, options);
}

function checkMaxAge(option: string, value: unknown): void {
  const duration = parseDuration(option, value);
  if (duration >= SHORTEST && duration <= LONGEST) return;
  throw unexpected(option, "5 minutes to 1 hour", `${duration / MINUTE} minutes`);
}
