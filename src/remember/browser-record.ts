import { isLatchkeyError, StoreUnavailableError } from "../errors.js";
import type { JsonObject } from "../json.js";
import type { SessionRecord, SessionStore } from "../store/session-store.js";
import type { RememberedLogin, RememberedTime } from "./remembered-login.js";

/** What the record of a remembered browser says, beside its user and its instants. */
export interface RememberedBrowser extends RememberedLogin, RememberedTime {
  /** How many restores there were: the number of the current token. */
  generation: number;
  /** The id of the record of the browser's session, or of its last one; null if a session of the application's own took its place. */
  session: string | null;
  /** The client of the last restore; null before the first. */
  fingerprint: string | null;
  /** Where it was last used from. */
  address: string | null;
  userAgent: string | null;
}

/** The kind of a record that keeps an id from being taken: a session was ended before it was there. */
const ENDED = "ended";
/** How long it does so, in milliseconds. */
const ENDED_FOR = 600_000;
/** How often a session is ended again that was created at the same moment. */
const MOST_TRIES = 5;

/** The browser in a record. */
export function browserIn({ userId, data }: SessionRecord): RememberedBrowser {
  return { ...(data as unknown as RememberedBrowser), userId: userId! };
}

/** The data of a browser's record. */
export function dataOf({ userId: _, ...data }: RememberedBrowser): JsonObject {
  return data as unknown as JsonObject;
}

/** What is known of the session that a browser's record names. */
export interface NamedSession {
  /** The session that the record named when it was read. */
  session?: string | null | undefined;
  /** A session to leave alone, because the caller ends it. */
  kept?: string | undefined;
}

/**
 * Forgets a browser, and ends the session that it names: first the one that it is known to name, so that the record is still there to
 * begin again if the store fails.
 *
 * @returns the record that this call ended
 */
export async function endBrowser(
  store: SessionStore,
  id: string,
  { session = null, kept }: NamedSession = {},
): Promise<SessionRecord | null> {
  if (session !== null && session !== kept) await endForGood(store, session);
  const record = await store.destroy(id);
  const last = record && browserIn(record).session;
  if (last !== null && last !== session && last !== kept) await endForGood(store, last);
  return record;
}

/** Ends a session, and one that is being created: a restore names it in the browser's record first. */
async function endForGood(store: SessionStore, id: string): Promise<void> {
  for (let tried = 1; tried <= MOST_TRIES; tried++) {
    const ended = await store.destroy(id);
    if (ended && ended.kind !== ENDED) return;
    const now = Date.now();
    const times = { createdAt: now, lastSeenAt: now, expiresAt: now + ENDED_FOR };
    try {
      await store.create(id, { kind: ENDED, userId: null, data: {}, ...times, revision: 0 });
      return;
    } catch (error) {
      if (!isLatchkeyError(error, "session_exists")) throw error;
      if ((await store.read(id))?.kind === ENDED) return;
    }
  }
  throw new StoreUnavailableError("the session store has a session that it cannot end");
}
