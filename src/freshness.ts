import { kindOf, OptionError } from "./errors.js";

/** Clocks of servers may differ by this much, in milliseconds; what is further in the future is no past instant. */
export const CLOCK_SKEW = 60_000;

/**
 * How many milliseconds ago an instant was: at least 0, and NaN, which is within no limit, for one that lies further in the future
 * than clocks may differ, as after a clock was set back.
 */
export function ageOf(instant: number): number {
  const age = Date.now() - instant;
  return age < -CLOCK_SKEW ? Number.NaN : Math.max(age, 0);
}

/** Is this the instant of credentials seen within so many milliseconds? */
export function isFreshAt(freshAt: number | null, within = Number.POSITIVE_INFINITY): boolean {
  return freshAt !== null && ageOf(freshAt) <= within;
}

/** No login is as old as this; a number of seconds looks as if it were. */
const EARLIEST = Date.UTC(1980, 0, 1);

/**
 * Reads an instant.
 *
 * @returns milliseconds since the epoch
 * @throws OptionError for what is none, and for seconds
 */
export function checkInstant(option: string, value: unknown): number {
  const instant = value instanceof Date ? value.getTime() : value;
  if (typeof instant === "number" && instant >= EARLIEST) return instant;
  const given = typeof instant === "number" ? String(instant) : kindOf(value);
  throw new OptionError(
    option,
    `expected a Date, or milliseconds since the epoch, not ${given} (OpenID Connect's auth_time is in seconds)`,
  );
}
