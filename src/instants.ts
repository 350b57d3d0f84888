import { OptionError } from "./errors.js";
import { shownNumber } from "./text.js";

/** How much the clocks of servers may differ, in milliseconds. A timestamp further in the future is invalid. */
const CLOCK_SKEW = 60_000;

/**
 * Returns the milliseconds since `instant`, never negative. Returns NaN if `instant` is not a valid timestamp, or if it
 * is too far in the future, for example because a clock was set back. A comparison with NaN is always false, so NaN is
 * never within a limit.
 */
export function ageOf(instant: number): number {
  if (!Number.isFinite(instant)) return Number.NaN; // a session may contain any value
  const age = Date.now() - instant;
  return age < -CLOCK_SKEW ? Number.NaN : Math.max(age, 0);
}

/** Were credentials checked at `freshAt`, at most `within` milliseconds ago? */
export function isFreshAt(freshAt: number | null, within: number = Number.POSITIVE_INFINITY): boolean {
  return freshAt !== null && ageOf(freshAt) <= within;
}

/**
 * Returns the timestamp from which a login is fresh: `authTime`, by default now, but never in the future. Returns null
 * if `authTime` is too far in the future. The credentials are then treated as not checked.
 *
 * @param option the name of the argument, for the error
 * @throws OptionError if `authTime` is not a valid timestamp
 */
export function freshFrom(authTime: Date | number | undefined, option = "authTime"): number | null {
  const now = Date.now();
  if (authTime === undefined) return now;
  const instant = checkInstant(option, authTime);
  return Number.isNaN(ageOf(instant)) ? null : Math.min(instant, now);
}

/** Every login is later than this. A smaller number is probably in seconds. */
const EARLIEST = Date.UTC(1980, 0, 1);
/**
 * The latest instant that latchkey writes to a store or accepts. A larger number is probably in microseconds, or the sum
 * of a timeout of thousands of years.
 */
export const LATEST: number = Date.UTC(9999, 11, 31);

function checkInstant(option: string, value: unknown): number {
  const instant = value instanceof Date ? value.getTime() : value;
  if (typeof instant === "number" && instant >= EARLIEST && instant <= LATEST) return instant;
  throw new OptionError(
    option,
    `expected a Date, or milliseconds since the epoch, not ${shownNumber(instant)} (OpenID Connect's auth_time is in seconds)`,
  );
}
