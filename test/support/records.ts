import { createHash } from "node:crypto";
import type { SessionStore, StoredRecord } from "latchkey";

/** The id of the record for a session id or for the series of a remember cookie. */
export function recordId(kind: "session" | "browser" | "alias", secret: string): string {
  return createHash("sha256").update(`\n${kind}\n${secret}`).digest("base64url");
}

/** The records of a user's sessions, the newest first. */
export function storedSessions(store: SessionStore, userId: string): Promise<StoredRecord[]> {
  return recordsOf(store, userId, "session");
}

/** The records of a user's remembered browsers, the newest first. */
export function storedBrowsers(store: SessionStore, userId: string): Promise<StoredRecord[]> {
  return recordsOf(store, userId, "browser");
}

/** Deletes the sessions of a user, as if they had expired. */
export async function endStoredSessions(store: SessionStore, userId: string): Promise<void> {
  await store.destroyByUser(userId, { kind: "session", limit: 10_000 });
}

async function recordsOf(store: SessionStore, userId: string, kind: string): Promise<StoredRecord[]> {
  const { records } = await store.listByUser(userId, { kind, limit: 10_000 });
  return records.sort((a, b) => b.createdAt - a.createdAt);
}
