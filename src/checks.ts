import { OptionError, unexpected } from "./errors.js";
import { isObjectOrArray } from "./objects.js";
import { kindOf, shown, shownNumber } from "./text.js";

/** Throws an OptionError that names the option, if the value is invalid. */
export type Check = (option: string, value: unknown) => void;

/**
 * Runs each option's check.
 *
 * @throws OptionError if a value is invalid or a name is unknown. An option that is `undefined` is treated as omitted.
 */
export function checkEach(prefix: string, checks: Record<string, Check>, given: object): void {
  for (const [name, value] of Object.entries(given)) {
    const option = prefix + name;
    if (!Object.hasOwn(checks, name)) {
      throw new OptionError(option, `unknown option; the options are ${Object.keys(checks).join(", ")}`);
    }
    if (value !== undefined) checks[name]!(option, value);
  }
}

/** Returns a check for an object, from a check for each of its properties. */
export function group(checks: Record<string, Check>): Check {
  return (option, value) => {
    if (!isObjectOrArray(value) || Array.isArray(value) || value instanceof Promise)
      throw unexpected(option, "an object", kindOf(value));
    checkEach(`${option}.`, checks, value);
  };
}

/** Returns a check for one of these values. */
export function oneOf(...allowed: Array<string | boolean | number>): Check {
  return (option, value) => {
    if (allowed.includes(value as string)) return;
    const given = typeof value === "boolean" || typeof value === "number" ? String(value) : shown(value);
    throw unexpected(option, allowed.map((one) => JSON.stringify(one)).join(", "), given);
  };
}

/**
 * Returns a check for a string that matches the pattern.
 *
 * @param expected describes such a string in the error message
 */
export function matches(pattern: RegExp, expected: string): Check {
  return (option, value) => {
    if (typeof value !== "string" || !pattern.test(value)) {
      throw unexpected(option, expected, shown(value));
    }
  };
}

/** The check for a function. */
export function isFunction(option: string, value: unknown): void {
  if (typeof value !== "function") throw unexpected(option, "a function", kindOf(value));
}

/** The check for a boolean. */
export function isBoolean(option: string, value: unknown): void {
  if (typeof value !== "boolean") throw unexpected(option, "true or false", kindOf(value));
}

/** The check for a whole number of at least 1. */
export function isCount(option: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw unexpected(option, "a whole number above zero", shownNumber(value));
  }
}

/** The check for a string. */
export function isText(option: string, value: unknown): void {
  if (typeof value !== "string") throw unexpected(option, "a string", kindOf(value));
}

/** The check for a string or null. */
export function isTextOrNull(option: string, value: unknown): void {
  if (value !== null) isText(option, value);
}
