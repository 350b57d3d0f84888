import { isObjectOrArray } from "./objects.js";

/** Any value that JSON can represent. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** An object that JSON can represent. */
export type JsonObject = { [key: string]: JsonValue };

/** Is this an object, and not an array or null? */
export function isObject(value: unknown): value is JsonObject {
  return isObjectOrArray(value) && !Array.isArray(value);
}

/** Returns the value, or a copy if it is frozen, so that the caller may change it. */
export function changeable<T>(value: T): T {
  return isObjectOrArray(value) && Object.isFrozen(value) ? structuredClone(value) : value;
}

/** Freezes a value, and everything in it. */
export function frozen<T extends JsonValue | undefined>(value: T): T {
  if (!isObjectOrArray(value)) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
