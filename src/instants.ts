import { OptionError } from "./errors.js";
import { kindOf } from "./text.js";

/** Clocks of servers may differ by this much, in milliseconds; what is further in the future is no past instant. */
const CLOCK_SKEW = 60_000;

/**
 * How many milliseconds ago an instant was: at least 0, and NaN, which is within no limit, for what is no instant and for one that
 * lies further in the future than clocks may differ, as after a clock was set back.
 */
export function ageOf(instant: number): number {
  if (!Number.isFinite(instant)) return Number.NaN; // a session holds what was once written into it
  const age = Date.now() - instant;
  return age < -CLOCK_SKEW ? Number.NaN : Math.max(age, 0);
}

/** Is this the instant of credentials seen within so many milliseconds? */
export function isFreshAt(freshAt: number | null, within: number = Number.POSITIVE_INFINITY): boolean {
  return freshAt !== null && ageOf(freshAt) <= within;
}

/**
 * From when on credentials count that were seen at an instant, by default now: from then, but never from the future; null, as not
 * seen, where that instant lies further in the future than clocks may differ.
 *
 * @throws OptionError for what is no instant
 */
export function freshFrom(authTime: Date | number | undefined): number | null {
  const now = Date.now();
  if (authTime === undefined) return now;
  const instant = checkInstant("authTime", authTime);
  return Number.isNaN(ageOf(instant)) ? null : Math.min(instant, now);
}

/** No login is as old as this; a number of seconds looks as if it were. */
const EARLIEST = Date.UTC(1980, 0, 1);
/** And none as late as this, as a number of microseconds looks. */
const LATEST = Date.UTC(9999, 11, 31);

function checkInstant(option: string, value: unknown): number {
  const instant = value instanceof Date ? value.getTime() : value;
  if (typeof instant === "number" && instant >= EARLIEST && instant <= LATEST) return instant;
  const given = typeof instant === "number" ? String(instant) : kindOf(value);
  throw new OptionError(
    option,
    `expected a Date, or milliseconds since the epoch, not ${given} (OpenID Connect's auth_time is in seconds)`,
  );
}
