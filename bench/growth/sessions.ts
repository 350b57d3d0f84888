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

/** The User-Agents of six browsers. */
const USER_AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
];

/** Makes the session that a login from a browser makes, for a user with a stamp, with no content of the application. */
export function makeLogin(n: number, userId = `u${n}`): StoredRecord {
  const now = Date.now();
  const expiresAt = now + HOUR + Math.floor(Math.random() * 23 * HOUR);
  const secret = (bytes: number) => randomBytes(bytes).toString("base64url");
  const client = { address: `203.0.113.${n % 256}`, userAgent: USER_AGENTS[n % USER_AGENTS.length]! };
  const ids = { userId, loginId: secret(16), freshAt: now, remembered: false, series: null };
  const auth = { v: 1, ...ids, loginAt: now, fingerprint: secret(32), stamp: secret(32), ...client };
  const times = { createdAt: now, lastSeenAt: now, expiresAt, revision: 0 };
  // As with a login, no two sessions share a string.
  const data = JSON.parse(JSON.stringify({ auth })) as StoredRecord["data"];
  return { id: secret(32), kind: "session", userId, data, ...times };
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
