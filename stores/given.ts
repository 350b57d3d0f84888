import { kindOf } from "../src/text.js";

/**
 * Names a value in an error message: an object by its class, anything else by its kind. It never shows a string, which
 * may be a URL with a password.
 */
export function given(value: unknown): string {
  const name = value instanceof Object && value.constructor?.name;
  return typeof value === "object" && name && name !== "Object" && !Array.isArray(value) && !(value instanceof Promise)
    ? `an object of the class ${name}`
    : kindOf(value);
}
