import ms from "ms";
import type { StoreUrl } from "./url.js";

/** Reads the value of a parameter. */
export interface Reader<T> {
  /** Returns the value, or undefined if the text is not a valid value. */
  read(text: string): T | undefined;
  /** A description of the valid values, for an error message. */
  wanted: string;
}

/** The longest duration that still fits a timer after jitter is added. */
const LONGEST = 2 ** 30;

/** Any text. */
export const text: Reader<string> = { read: (given) => given, wanted: "any text" };

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
/** The values of a URL's parameters. */
export type Parameters<R extends Readers> = {
  -readonly [Name in keyof R]?: NonNullable<ReturnType<R[Name]["read"]>>;
};

/**
 * Reads the parameters of a URL.
 *
 * @throws TypeError if a parameter is unknown, does not apply to the scheme or has an invalid value. The message
 * contains the name of the parameter, but never its value.
 */
export function readParameters<R extends Readers>({ scheme, parameters }: StoreUrl, readers: R): Parameters<R> {
  const values: Record<string, unknown> = {};
  for (const [name, given] of parameters) {
    const reader = Object.hasOwn(readers, name) ? readers[name]! : undefined;
    if (!reader) {
      const known = Object.keys(readers).join(", ") || "no parameters";
      throw new TypeError(`a store's URL that starts with "${scheme}" accepts ${known}, not the parameter "${name}"`);
    }
    const value = reader.read(given);
    if (value === undefined) throw new TypeError(`the parameter "${name}" of the store's URL must be ${reader.wanted}`);
    values[name] = value;
  }
  return values as Parameters<R>;
}
