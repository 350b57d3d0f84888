import { SessionValueError } from "../errors.js";
import type { JsonObject, JsonValue } from "../json.js";
import { type Bound, withChangesIn } from "../login-fields/device.js";
import type { Labeled } from "../login-fields/label.js";
import { isObjectOrArray } from "../objects.js";
import type { SessionRecord } from "../store/session-store.js";
import type { SessionAuth } from "./auth.js";

/** A changed key of a session. */
export interface Changed {
  key: string;
  /** The new value as JSON; undefined if the key was removed. */
  text: string | undefined;
  /** The new value in the form in which the snapshot stores it. */
  seen: unknown;
}

/** The two values of a session that only latchkey writes. */
export interface OwnValues {
  auth: SessionAuth | undefined;
  /** The part of the cookie that is stored. */
  cookie: { maxAge: number | null } | undefined;
}

/** The JSON of a value whose content can change. */
class Text {
  constructor(readonly json: string) {}
}

/**
 * The stored top-level values of a session as this request last saw them. These values are compared with the current
 * values to find what the request changed. The snapshot stores values whose content cannot change as they are, and all
 * other values as JSON.
 */
export class SessionSnapshot {
  readonly #seen = new Map<string, unknown>();

  see(key: string, value: unknown): void {
    this.#seen.set(key, isFixed(value) ? value : new Text(JSON.stringify(value)));
  }

  /**
   * Returns the changes in the application's values and in latchkey's own two values. The application's values with the
   * names `auth` and `cookie` are ignored.
   *
   * @throws SessionValueError if a value cannot be stored as JSON
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
    const before = this.#seen.get(key); // undefined only for a new key, because JSON has no undefined
    if (before === value) return;
    const text = jsonOf(key, value);
    const isSame = before instanceof Text ? before.json === text : before === undefined && text === undefined;
    if (!isSame) changed.push({ key, text, seen: isFixed(value) ? value : new Text(text ?? "") });
  }

  /** Adds changes to the snapshot after they were written to the store. */
  accept(changed: readonly Changed[]): void {
    for (const { key, text, seen } of changed) {
      if (text === undefined) this.#seen.delete(key);
      else this.#seen.set(key, seen);
    }
  }
}

/** A session as one request last saw it in the store. */
export class SessionState {
  /** The last write that was started; the next write waits for it. */
  writing: Promise<void> | undefined;
  /** Has this request written the session? */
  written = false;
  createdAt: number;
  lastSeenAt: number;
  #seen: SessionSnapshot | undefined;

  constructor(
    readonly sid: string,
    /** The id of the session's record in the store. */
    readonly id: string,
    /** Null while the session is not in the store. */
    public record: SessionRecord | null,
  ) {
    this.createdAt = record?.createdAt ?? Date.now();
    this.lastSeenAt = record?.lastSeenAt ?? this.createdAt;
  }

  /** The stored values that this request has read. */
  get seen(): SessionSnapshot {
    this.#seen ??= new SessionSnapshot();
    return this.#seen;
  }
}

/**
 * Returns a copy of the data with these changes. Unchanged values are shared, not copied. If a login changes that was
 * renamed or bound to a device meanwhile, it keeps the new label and the device.
 */
export function changedData(data: JsonObject, changed: readonly Changed[]): JsonObject {
  const values = new Map<string, JsonValue>(Object.entries(data));
  for (const { key, text } of changed) {
    if (text === undefined) values.delete(key);
    else values.set(key, merged(key, JSON.parse(text) as JsonValue, values.get(key)));
  }
  return Object.fromEntries(values);
}

function merged(key: string, value: JsonValue, before: JsonValue | undefined): JsonValue {
  return key === "auth" && before !== undefined ? withChangesIn(value as JsonObject, before as Labeled & Bound) : value;
}

function isOwn(key: string): key is keyof OwnValues {
  return key === "auth" || key === "cookie";
}

/** Is it impossible to change the content of this value? */
function isFixed(value: unknown): boolean {
  if (!isObjectOrArray(value)) return true;
  return Object.isFrozen(value) && Object.values(value).every((inner) => !isObjectOrArray(inner));
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
