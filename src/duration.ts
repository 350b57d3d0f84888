import ms from "ms";
import { OptionError } from "./errors.js";
import { shown } from "./text.js";

/** Milliseconds as a number, as in Express, or a string of the `ms` package: `"15m"`, `"30d"`. */
export type Duration = number | string;

/**
 * Reads a duration.
 *
 * @param option the option's name, for the error
 * @returns milliseconds, above zero
 * @throws OptionError when the duration cannot be read, or is not above zero
 */
export function parseDuration(option: string, value: unknown): number {
  const milliseconds = typeof value === "string" ? fromText(value) : value;
  if (typeof milliseconds !== "number" || !Number.isFinite(milliseconds) || milliseconds <= 0) {
    const given = typeof value === "number" ? String(value) : shown(value);
    throw new OptionError(
      option,
      `${given} is not a duration; give milliseconds above zero, or a string like "15m" or "30d"`,
    );
  }
  return milliseconds;
}

function fromText(text: string): number | undefined {
  if (text === "" || text.length > 100) return undefined;
  return ms(text as ms.StringValue);
}
