import { OptionError } from "../errors.js";
import { kindOf, shown } from "../text.js";

const SECRET_LENGTH = 32;
/** A text with fewer different characters is not random; 32 random hexadecimal digits have 14 on average. */
const MOST_MONOTONOUS = 9;
/** Words of sample secrets in documentation; latchkey's own come first. */
const SAMPLE = /only for development|change[ _-]?me|keyboard[ _-]?cat/i;

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

/** Refuses a secret that is too short and, in production, one that is not random. No error message contains a part of the secret. */
export function checkSecret(option: string, value: unknown): void {
  const secrets: unknown[] = Array.isArray(value) ? value : [value];
  if (secrets.length === 0) throw new OptionError(option, "expected at least one secret, not an empty array");
  for (const secret of secrets) {
    if (typeof secret !== "string") {
      throw new OptionError(
        option,
        `expected a string of at least ${SECRET_LENGTH} characters, or an array of them, not ${kindOf(secret)}`,
      );
    }
    if (secret.length < SECRET_LENGTH) {
      throw new OptionError(
        option,
        `a secret of ${secret.length} characters is too short; it needs ${SECRET_LENGTH} (try: openssl rand -base64 32)`,
      );
    }
    if (process.env.NODE_ENV === "production" && isGuessable(secret)) {
      throw new OptionError(
        option,
        "a secret is not random: it is a sample from documentation, repeats a short text, or has fewer than 10 different characters. " +
          "With NODE_ENV=production it must be random (try: openssl rand -base64 32)",
      );
    }
  }
}

/** Is this secret printed in documentation, or evidently not random? */
function isGuessable(secret: string): boolean {
  return SAMPLE.test(secret) || new Set(secret).size <= MOST_MONOTONOUS || repeatsShortText(secret);
}

function repeatsShortText(secret: string): boolean {
  for (let length = 1; length < SECRET_LENGTH && length <= secret.length / 2; length++) {
    if (secret.startsWith(secret.slice(length))) return true;
  }
  return false;
}
