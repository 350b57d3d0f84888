import { OptionError } from "../errors.js";
import { kindOf, shown } from "../text.js";

/** Refuses a value for an option, with an OptionError that names it. */
export type Check = (option: string, value: unknown) => void;

/** Refuses a name that has no check, and what its check refuses; `undefined` counts as left out. */
export function checkEach(prefix: string, checks: Record<string, Check>, given: object): void {
  for (const [name, value] of Object.entries(given)) {
    const option = prefix + name;
    if (!Object.hasOwn(checks, name)) {
      throw new OptionError(option, `there is no such option; there are ${Object.keys(checks).join(", ")}`);
    }
    if (value !== undefined) checks[name]!(option, value);
  }
}

/** An object with checks of its own. */
export function group(checks: Record<string, Check>): Check {
  return (option, value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Promise)
      throw new OptionError(option, `expected an object, not ${kindOf(value)}`);
    checkEach(`${option}.`, checks, value);
  };
}

export function oneOf(...allowed: Array<string | boolean | number>): Check {
  return (option, value) => {
    if (allowed.includes(value as string)) return;
    const given = typeof value === "boolean" || typeof value === "number" ? String(value) : shown(value);
    throw new OptionError(option, `expected ${allowed.map((one) => JSON.stringify(one)).join(", ")}, not ${given}`);
  };
}

export function matches(pattern: RegExp, expected: string): Check {
  return (option, value) => {
    if (typeof value !== "string" || !pattern.test(value)) {
      throw new OptionError(option, `expected ${expected}, not ${shown(value)}`);
    }
  };
}

export function isFunction(option: string, value: unknown): void {
  if (typeof value !== "function") throw new OptionError(option, `expected a function, not ${kindOf(value)}`);
}

export function isBoolean(option: string, value: unknown): void {
  if (typeof value !== "boolean") throw new OptionError(option, `expected true or false, not ${kindOf(value)}`);
}

export function isCount(option: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    const given = typeof value === "number" ? String(value) : kindOf(value);
    throw new OptionError(option, `expected a whole number above zero, not ${given}`);
  }
}

export function isText(option: string, value: unknown): void {
  if (typeof value !== "string") throw new OptionError(option, `expected a string, not ${kindOf(value)}`);
}

export function isTextOrNull(option: string, value: unknown): void {
  if (value !== null) isText(option, value);
}
