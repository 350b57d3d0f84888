import { shown } from "../../src/text.js";

/** Names a value in an error message: an object by its class, anything else by its kind. */
export function given(value: unknown): string {
  const name = typeof value === "object" && value !== null ? value.constructor?.name : undefined;
  return name && name !== "Object" ? `an object of the class ${name}` : shown(value);
}
