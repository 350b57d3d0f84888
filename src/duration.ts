import ms from "ms";
import { OptionError } from "./errors.js";
import { shown } from "./text.js";

/** A number of milliseconds, as in Express, or a string for the `ms` package, such as `"15m"` or `"30d"`. */
export type Duration = number | string;

/**
 * Parses a duration.
 *
 * @param option the name of the option, for the error message
 * @returns the duration in milliseconds, above zero
 * @throws OptionError if the duration cannot be parsed, or is not above zero
 */
export function parseDuration(option: string, value: unknown): number {
  const milliseconds = typeof value === "string" ? fromText(value) : value;
  if (typeof milliseconds !== "number" || !Number.isFinite(milliseconds) || milliseconds <= 0) {
    const given = typeof value === "number" ? String(value) : shown(value);
    throw new OptionError(
      option,
      `${given} is not a duration; use milliseconds above zero, or a string like "15m" or "30d"`,
    );
  }
  return milliseconds;
}

function fromText(text: string): number | undefined {
  if (text === "" || text.length > 100) return undefined;
  return ms(text as ms.StringValue);
}
