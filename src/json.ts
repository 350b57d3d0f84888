/** Any value that survives JSON. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** An object that survives JSON. */
export type JsonObject = { [key: string]: JsonValue };
