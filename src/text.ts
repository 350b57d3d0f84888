/** Can every database store this text? PostgreSQL rejects NUL, and UTF-8 cannot encode half of a surrogate pair. */
export function isPlainText(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

/**
 * Parses a URL; null if it is invalid. In Node.js 20 and 22, `URL.canParse` rejects hosts with non-ASCII letters after
 * some thousand calls.
 */
export function parseUrl(text: string, base?: string): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}

/**
 * Returns a string in quotes, or the type of any other value. Use it only in errors about values that are not secret.
 */
export function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : kindOf(value);
}

/** Returns a number, or the type of any other value. */
export function shownNumber(value: unknown): string {
  return typeof value === "number" ? String(value) : kindOf(value);
}

/** Returns the type of a value, for an error message. It never returns the value itself, which may be a secret. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value instanceof Promise) return "a promise";
  if (typeof value === "object" || typeof value === "undefined") return typeof value;
  return `a ${typeof value}`;
}
