import { randomBytes } from "node:crypto";
import type { StoredRecord } from "latchkey";

/** The bytes of a session's content as JSON. */
export const CONTENT_BYTES = 300;
export const PER_USER = 10;

const HOUR = 3_600_000;

/** The sessions to make. */
export interface Making {
  count: number;
  /** The number of sessions per user. A user's rows are not adjacent, as in real use. @default 10 */
  perUser?: number;
  /** Makes sessions that expired an hour to a day ago, instead of sessions that stay valid for that time. */
  expired?: boolean;
  /** The prefix of the user ids. */
  users?: string;
}

/** Makes sessions as latchkey stores them: with a login, 300 bytes of content, and ids in the form of a SHA-256. */
export function* sessions({
  count,
  perUser = PER_USER,
  expired = false,
  users = "u",
}: Making): Generator<StoredRecord> {
  const among = Math.max(1, Math.floor(count / perUser));
  for (let n = 0; n < count; n++) yield makeSession(`${users}${n % among}`, expired);
}

/** Makes one session of a user. */
export function makeSession(user: string, expired = false): StoredRecord {
  const now = Date.now();
  const distance = HOUR + Math.floor(Math.random() * 23 * HOUR);
  const expiresAt = expired ? now - distance : now + distance;
  const createdAt = expired ? expiresAt - HOUR : now;
  const auth = {
    v: 1,
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

/** Makes the same sessions in batches. */
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
