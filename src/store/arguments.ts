import { isPlainText, kindOf } from "../text.js";

/** Refuses anything but a non-empty string that every database can keep, where a store takes an id. */
export function assertId(name: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || value === "") {
    throw new TypeError(`${name} must be a non-empty string, not ${value === "" ? "an empty one" : kindOf(value)}`);
  }
  if (!isPlainText(value)) throw new TypeError(`${name} must not hold NUL or half a surrogate pair`);
}

/** Refuses what is no record of a session where a store takes one. */
export function assertRecord(record: Listed & { userId: unknown; revision: unknown } & Seen): void {
  if (record.userId !== null) assertId("userId", record.userId);
  assertListed(record);
  assertSeen(record);
  const { revision } = record;
  if (!Number.isSafeInteger(revision) || (revision as number) < 0) {
    throw new TypeError(`revision must be a whole number, not ${given(revision)}`);
  }
}

/** The record as an update stores it, once it is known for one. */
export function nextRevision<R extends Parameters<typeof assertRecord>[0] & { revision: number }>(record: R): R {
  assertRecord(record);
  return { ...record, revision: record.revision + 1 };
}

/** Refuses what are no instants where a store is touched. */
export function assertSeen({ lastSeenAt, expiresAt }: Seen): void {
  assertInstant("lastSeenAt", lastSeenAt);
  assertInstant("expiresAt", expiresAt);
}

/** Refuses what is no record of a remembered browser where a store takes one. */
export function assertRememberTokenRecord(
  record: Listed & { userId: unknown; tokenHash: unknown; expiresAt: unknown },
): void {
  assertId("userId", record.userId);
  assertId("tokenHash", record.tokenHash);
  assertListed(record);
  assertInstant("expiresAt", record.expiresAt);
}

type Seen = { lastSeenAt: unknown; expiresAt: unknown };
type Listed = { data: unknown; createdAt: unknown };

function assertListed({ data, createdAt }: Listed): void {
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw new TypeError(`data must be an object, not ${kindOf(data)}`);
  }
  assertInstant("createdAt", createdAt);
}

const YEAR_10000 = 253_402_300_800_000;

function assertInstant(name: string, value: unknown): void {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) >= YEAR_10000) {
    throw new TypeError(
      `${name} must be whole milliseconds since the epoch, before the year 10000, not ${given(value)}`,
    );
  }
}

function given(value: unknown): string {
  return typeof value === "number" ? String(value) : kindOf(value);
}
