import { assertRecord } from "../src/errors.js";
import type { SessionRecord } from "../src/session-store.js";

// The value of a session's key: lastSeenAt and expiresAt in 15 digits each, so that a script can move them in place, the user's
// id, URI-encoded, a line feed, and the rest as JSON.

type Content = Pick<SessionRecord, "createdAt" | "data">;

const DIGITS = 15;

/** The value of a record. */
export function encode(record: SessionRecord): string {
  assertRecord(record);
  const { userId, createdAt, lastSeenAt, expiresAt, data } = record;
  const content: Content = { createdAt, data };
  return `${digits(lastSeenAt)}${digits(expiresAt)}${encodeURIComponent(userId ?? "")}\n${JSON.stringify(content)}`;
}

/** The record of a value. */
export function decode(value: string): SessionRecord {
  const end = value.indexOf("\n");
  return {
    userId: userIdOf(value.slice(2 * DIGITS, end + 1)),
    lastSeenAt: Number(value.slice(0, DIGITS)),
    expiresAt: Number(value.slice(DIGITS, 2 * DIGITS)),
    ...(JSON.parse(value.slice(end + 1)) as Content),
  };
}

/** The user of a head, which is what stands before the line feed and behind the instants. */
export function userIdOf(head: string): string | null {
  return decodeURIComponent(head.slice(0, head.indexOf("\n"))) || null;
}

function digits(instant: number): string {
  return String(instant).padStart(DIGITS, "0");
}
