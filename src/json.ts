/** Any value that survives JSON. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** An object that survives JSON. */
export type JsonObject = { [key: string]: JsonValue };

/** A copy that nobody can change, so that all who read it can share it. */
export function frozenCopy(data: JsonObject): JsonObject {
  return frozen(JSON.parse(JSON.stringify(data)) as JsonObject);
}

/** The value, or a copy of one that is frozen: for whoever may change it. */
export function changeable<T>(value: T): T {
  return typeof value === "object" && value !== null && Object.isFrozen(value) ? structuredClone(value) : value;
}

function frozen<T extends JsonValue>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
