import { isPlainText, kindOf } from "../text.js";

/** Refuses anything but a non-empty string that every database can keep. @throws TypeError */
export function assertId(name: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || value === "") {
    throw new TypeError(`${name} must be a non-empty string, not ${value === "" ? "an empty one" : kindOf(value)}`);
  }
  if (!isPlainText(value)) throw new TypeError(`${name} must not hold NUL or half a surrogate pair`);
}

/** Refuses anything but a record. @throws TypeError naming the part that is wrong */
export function assertRecord(record: Unchecked<"kind" | "userId" | "createdAt" | Updated>): void {
  assertKind(record.kind);
  if (record.userId !== null) assertId("userId", record.userId);
  assertInstant("createdAt", record.createdAt);
  assertUpdate(record);
}

/** Refuses anything but the update of a record. @throws TypeError naming the part that is wrong */
export function assertUpdate(update: Unchecked<Updated>): void {
  const { data, revision } = update;
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw new TypeError(`data must be an object, not ${kindOf(data)}`);
  }
  assertTimes(update);
  if (!Number.isSafeInteger(revision) || (revision as number) < 0) {
    throw new TypeError(`revision must be a whole number, not ${given(revision)}`);
  }
}

/** Refuses anything but the instants of a record. @throws TypeError naming the one that is wrong */
export function assertTimes({ lastSeenAt, expiresAt }: Unchecked<Times>): void {
  assertInstant("lastSeenAt", lastSeenAt);
  assertInstant("expiresAt", expiresAt);
}

/** Refuses anything but a user id, a kind, a limit and perhaps the place after a page. @throws TypeError naming the one that is wrong */
export function assertPage(
  userId: unknown,
  { kind, limit, after }: Unchecked<"kind" | "limit"> & { after?: unknown },
): void {
  assertId("userId", userId);
  assertKind(kind);
  if (!Number.isSafeInteger(limit) || (limit as number) < 1) {
    throw new TypeError(`limit must be a whole number above zero, not ${given(limit)}`);
  }
  if (after !== undefined) assertId("after", after);
}

type Times = "lastSeenAt" | "expiresAt";
type Updated = "data" | "revision" | Times;
type Unchecked<K extends string> = Record<K, unknown>;

function assertKind(kind: unknown): void {
  if (typeof kind === "string" && /^[a-zA-Z\d-]{1,32}$/.test(kind)) return;
  throw new TypeError(
    `kind must be 1 to 32 letters, digits and "-", not ${typeof kind === "string" ? JSON.stringify(kind) : kindOf(kind)}`,
  );
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
