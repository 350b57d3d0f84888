import ms from "ms";
import type { StoreUrl } from "./url.js";

/** How the value of a parameter is read. */
export interface Reader<T> {
  /** The value, or undefined if it is invalid. */
  read(text: string): T | undefined;
  /** What a valid value is, in words. */
  wanted: string;
}

/** The longest duration that, with jitter, still fits a timer. */
const LONGEST = 2 ** 30;

/** Any text. */
export const text: Reader<string> = { read: (given) => given, wanted: "a text" };

/** Milliseconds, or a string of the `ms` package such as `2s` or `15m`. */
export const duration: Reader<number> = {
  read(given) {
    const milliseconds = given.length > 0 && given.length < 100 ? ms(given as ms.StringValue) : undefined;
    return milliseconds !== undefined && milliseconds >= 1 && milliseconds <= LONGEST ? milliseconds : undefined;
  },
  wanted: "milliseconds, or a duration such as 2s or 15m",
};

/** A number of connections. */
export const count: Reader<number> = {
  read: (given) => (/^[1-9]\d{0,4}$/.test(given) ? Number(given) : undefined),
  wanted: "a whole number, 1 or more",
};

/** One of these texts. */
export function oneOf<T extends string>(...values: readonly T[]): Reader<T> {
  return { read: (given) => values.find((value) => value === given), wanted: `one of ${values.join(", ")}` };
}

type Readers = Record<string, Reader<unknown>>;
/** The values of the parameters that a URL has. */
export type Parameters<R extends Readers> = {
  -readonly [Name in keyof R]?: NonNullable<ReturnType<R[Name]["read"]>>;
};

/**
 * Reads the parameters of a URL.
 *
 * @throws TypeError that names a parameter that is unknown, does not apply to the scheme or has an invalid value. It
 * never shows a value.
 */
export function readParameters<R extends Readers>({ scheme, parameters }: StoreUrl, readers: R): Parameters<R> {
  const values: Record<string, unknown> = {};
  for (const [name, given] of parameters) {
    const reader = Object.hasOwn(readers, name) ? readers[name]! : undefined;
    if (!reader) {
      const known = Object.keys(readers).join(", ") || "no parameters";
      throw new TypeError(`a store's URL that starts with "${scheme}" takes ${known}, not the parameter "${name}"`);
    }
    const value = reader.read(given);
    if (value === undefined) throw new TypeError(`the parameter "${name}" of the store's URL must be ${reader.wanted}`);
    values[name] = value;
  }
  return values as Parameters<R>;
}
