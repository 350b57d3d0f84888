import { kindOf } from "../src/text.js";

/**
 * Describes a value for an error message: an object by its class, any other value by its type. It never returns the
 * value itself, because a string may be a URL with a password.
 */
export function given(value: unknown): string {
  const name = value instanceof Object && value.constructor?.name;
  return typeof value === "object" && name && name !== "Object" && !Array.isArray(value) && !(value instanceof Promise)
    ? `an object of the class ${name}`
    : kindOf(value);
}
