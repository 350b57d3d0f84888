import { randomBytes } from "node:crypto";
import type { StoredRecord } from "latchkey";

/** Bytes of a session's content as JSON. */
export const CONTENT_BYTES = 300;
export const PER_USER = 10;

const HOUR = 3_600_000;

/** What to make. */
export interface Making {
  count: number;
  /** How many sessions each user has; their rows lie apart, as they would. @default 10 */
  perUser?: number;
  /** Expired for between an hour and a day, rather than live for as long. */
  expired?: boolean;
  /** Starts the users' ids. */
  users?: string;
}

/** Sessions as the bridge makes them: of a login, with 300 bytes of content, under ids of SHA-256's form. */
export function* sessions({
  count,
  perUser = PER_USER,
  expired = false,
  users = "u",
}: Making): Generator<StoredRecord> {
  const among = Math.max(1, Math.floor(count / perUser));
  for (let n = 0; n < count; n++) yield makeSession(`${users}${n % among}`, expired);
}

/** One session of a user's. */
export function makeSession(user: string, expired = false): StoredRecord {
  const now = Date.now();
  const distance = HOUR + Math.floor(Math.random() * 23 * HOUR);
  const expiresAt = expired ? now - distance : now + distance;
  const createdAt = expired ? expiresAt - HOUR : now;
  const auth = {
    userId: user,
    loginAt: createdAt,
    freshAt: null,
    fingerprint: randomBytes(32).toString("hex"),
    stamp: randomBytes(32).toString("base64url"),
    remembered: false,
  };
  const padding = CONTENT_BYTES - JSON.stringify({ auth, cart: "" }).length;
  const text = JSON.stringify({ auth, cart: randomBytes(padding).toString("hex").slice(0, padding) });
  const data = JSON.parse(text) as StoredRecord["data"];
  const { userId } = data.auth as { userId: string };
  return {
    id: randomBytes(32).toString("base64url"),
    kind: "session",
    userId,
    data,
    createdAt,
    lastSeenAt: createdAt,
    expiresAt,
    revision: 0,
  };
}

/** The same sessions, some at a time. */
export function* batches(making: Making, size: number): Generator<StoredRecord[]> {
  let batch: StoredRecord[] = [];
  for (const session of sessions(making)) {
    if (batch.push(session) === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
