import { assertRecord, assertRememberTokenRecord } from "../../src/store/arguments.js";
import type { RememberTokenRecord } from "../../src/store/remember-token-store.js";
import type { SessionRecord } from "../../src/store/session-store.js";
import { decoded } from "../undecodable.js";

// A value begins with two instants of 15 digits, of which the second is expiresAt, and the user's id, URI-encoded, with a line feed.
//
// A session's first instant is lastSeenAt, so that a script can move both in place; behind the user stands its revision, with a line
// feed, which a script compares; the rest is JSON.
// A remembered browser's first instant is the one that its user's index lives to at least; behind the user stands the hash of its
// token, URI-encoded, with a line feed, so that a script compares both as one text; the rest is JSON.

type Content = Pick<SessionRecord, "createdAt" | "data">;

const DIGITS = 15;

/** The value of a session. */
export function encodeSession(record: SessionRecord): string {
  assertRecord(record);
  const { userId, lastSeenAt, expiresAt, revision } = record;
  return `${digits(lastSeenAt)}${digits(expiresAt)}${headOf(userId ?? "")}${revision}\n${contentOf(record)}`;
}

/** The session of a value. @throws RecordDamagedError */
export function decodeSession(value: string): SessionRecord {
  const end = value.indexOf("\n");
  const content = value.indexOf("\n", end + 1);
  return decoded(() => ({
    userId: userIdOf(value.slice(2 * DIGITS, end + 1)),
    lastSeenAt: Number(value.slice(0, DIGITS)),
    expiresAt: Number(value.slice(DIGITS, 2 * DIGITS)),
    revision: Number(value.slice(end + 1, content)),
    ...(JSON.parse(value.slice(content + 1)) as Content),
  }));
}

/** The value of a remembered browser, without its first instant. */
export function encodeToken(record: RememberTokenRecord): string {
  assertRememberTokenRecord(record);
  return `${digits(record.expiresAt)}${headOf(record.userId, record.tokenHash)}${contentOf(record)}`;
}

/** The remembered browser of a value. @throws RecordDamagedError */
export function decodeToken(value: string): RememberTokenRecord {
  const [userId, tokenHash, content] = value.slice(2 * DIGITS).split("\n") as [string, string, string];
  return decoded(() => ({
    userId: decodeURIComponent(userId),
    tokenHash: decodeURIComponent(tokenHash),
    expiresAt: Number(value.slice(DIGITS, 2 * DIGITS)),
    ...(JSON.parse(content) as Content),
  }));
}

/** Texts as a head has them. */
export function headOf(...texts: string[]): string {
  return texts.map((text) => `${encodeURIComponent(text)}\n`).join("");
}

/** The user of a head, which is what stands before the first line feed and behind the instants. */
export function userIdOf(head: string): string | null {
  return decodeURIComponent(head.slice(0, head.indexOf("\n"))) || null;
}

/** An instant in as many digits as every other. */
export function digits(instant: number): string {
  return String(instant).padStart(DIGITS, "0");
}

function contentOf({ createdAt, data }: Content): string {
  return JSON.stringify({ createdAt, data } satisfies Content);
}
