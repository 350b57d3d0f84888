/** Any value that JSON can represent. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** An object that JSON can represent. */
export type JsonObject = { [key: string]: JsonValue };

/** Returns the value, or a copy if it is frozen, so that the caller may change it. */
export function changeable<T>(value: T): T {
  return typeof value === "object" && value !== null && Object.isFrozen(value) ? structuredClone(value) : value;
}

/** Freezes a value, and everything in it. */
export function frozen<T extends JsonValue | undefined>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
