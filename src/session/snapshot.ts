import { SessionValueError } from "../errors.js";
import type { JsonObject, JsonValue } from "../json.js";
import type { SessionAuth } from "./auth.js";

/** One key of a session that was changed. */
export interface Changed {
  key: string;
  /** Its value as JSON; undefined when it was removed. */
  text: string | undefined;
  /** What to compare with from now on. */
  seen: unknown;
}

/** The two values of a session that only latchkey writes. */
export interface OwnValues {
  auth: SessionAuth | undefined;
  /** The part of the cookie that is kept. */
  cookie: { maxAge: number | null } | undefined;
}

/** The JSON of a value that can be changed inside. */
class Text {
  constructor(readonly json: string) {}
}

/**
 * The top-level values of a session as this request last knew them in the store, to tell what it changed: values that cannot be
 * changed inside as they are, the others as JSON.
 */
export class SessionSnapshot {
  readonly #seen = new Map<string, unknown>();

  see(key: string, value: unknown): void {
    this.#seen.set(key, isFixed(value) ? value : new Text(JSON.stringify(value)));
  }

  /**
   * The differences in the values of a session, and in latchkey's own two values. Values that the application put under the names of
   * those two are ignored.
   *
   * @throws SessionValueError for a value that JSON cannot hold
   */
  changesIn(values: object, own: OwnValues): Changed[] {
    const changed: Changed[] = [];
    for (const key of Object.keys(values)) if (!isOwn(key)) this.#compare(key, valueIn(values, key), changed);
    for (const key of this.#seen.keys()) {
      if (!isOwn(key) && !Object.hasOwn(values, key)) changed.push({ key, text: undefined, seen: undefined });
    }
    this.#compare("auth", own.auth, changed);
    this.#compare("cookie", own.cookie, changed);
    return changed;
  }

  #compare(key: string, value: unknown, changed: Changed[]): void {
    const before = this.#seen.get(key); // which is never undefined: JSON has no such value
    if (before === value) return;
    const text = jsonOf(key, value);
    const isSame = before instanceof Text ? before.json === text : before === undefined && text === undefined;
    if (!isSame) changed.push({ key, text, seen: isFixed(value) ? value : new Text(text ?? "") });
  }

  /** Takes changes for known, once they are in the store. */
  accept(changed: readonly Changed[]): void {
    for (const { key, text, seen } of changed) {
      if (text === undefined) this.#seen.delete(key);
      else this.#seen.set(key, seen);
    }
  }
}

/** The data with these changes; what of it was not changed is shared. */
export function changedData(data: JsonObject, changed: readonly Changed[]): JsonObject {
  const values = new Map<string, JsonValue>(Object.entries(data));
  for (const { key, text } of changed) {
    if (text === undefined) values.delete(key);
    else values.set(key, JSON.parse(text) as JsonValue);
  }
  return Object.fromEntries(values);
}

function isOwn(key: string): key is keyof OwnValues {
  return key === "auth" || key === "cookie";
}

/** Can nothing inside of the value change? */
function isFixed(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every((inner) => typeof inner !== "object" || inner === null);
}

function valueIn(values: object, key: string): unknown {
  try {
    return (values as Record<string, unknown>)[key];
  } catch (cause) {
    throw new SessionValueError(key, cause);
  }
}

function jsonOf(key: string, value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new SessionValueError(key, cause);
  }
}
