import { isObject } from "../json.js";
import { isPlainText, kindOf, shown, shownNumber } from "../text.js";
import type { ListOptions, SessionRecord, SessionTimes, SessionUpdate } from "./session-store.js";

/** Checks that a value is an id: a non-empty string that every database can store. @throws TypeError if it is not */
export function assertId(name: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || value === "") {
    throw new TypeError(`${name} must be a non-empty string, not ${value === "" ? "an empty one" : kindOf(value)}`);
  }
  if (!isPlainText(value)) throw new TypeError(`${name} must not contain NUL or half of a surrogate pair`);
}

/** Checks that a value is a valid record. @throws TypeError that names the invalid part */
export function assertRecord(record: { [Part in keyof SessionRecord]: unknown }): void {
  assertKind(record.kind);
  if (record.userId !== null) assertId("userId", record.userId);
  assertInstant("createdAt", record.createdAt);
  assertUpdate(record);
}

/** Checks that a value is a valid update of a record. @throws TypeError that names the invalid part */
export function assertUpdate(update: { [Part in keyof SessionUpdate]: unknown }): void {
  const { data, revision } = update;
  if (!isObject(data)) {
    throw new TypeError(`data must be an object, not ${kindOf(data)}`);
  }
  assertTimes(update);
  if (!Number.isSafeInteger(revision) || (revision as number) < 0) {
    throw new TypeError(`revision must be a whole number, zero or more, not ${shownNumber(revision)}`);
  }
}

/** Checks the timestamps of a record. @throws TypeError that names the invalid timestamp */
export function assertTimes({ lastSeenAt, expiresAt }: { [Part in keyof SessionTimes]: unknown }): void {
  assertInstant("lastSeenAt", lastSeenAt);
  assertInstant("expiresAt", expiresAt);
}

/** Checks the arguments of `listByUser` and `destroyByUser`. @throws TypeError that names the invalid argument */
export function assertPage(userId: unknown, { kind, limit, after }: { [Part in keyof ListOptions]: unknown }): void {
  assertId("userId", userId);
  assertKind(kind);
  if (!Number.isSafeInteger(limit) || (limit as number) < 1) {
    throw new TypeError(`limit must be a whole number above zero, not ${shownNumber(limit)}`);
  }
  if (after !== undefined) assertId("after", after);
}

function assertKind(kind: unknown): void {
  if (typeof kind === "string" && /^[a-zA-Z\d-]{1,32}$/.test(kind)) return;
  throw new TypeError(`kind must be 1 to 32 letters, digits or "-", not ${shown(kind)}`);
}

const YEAR_10000 = 253_402_300_800_000;

function assertInstant(name: string, value: unknown): void {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) >= YEAR_10000) {
    throw new TypeError(
      `${name} must be whole milliseconds since the epoch, before the year 10000, not ${shownNumber(value)}`,
    );
  }
}
