import { isLatchkeyError, StoreUnavailableError } from "../errors.js";
import type { JsonObject } from "../json.js";
import type { SessionRecord, SessionStore } from "../store/session-store.js";
import type { RememberedLogin, RememberedTime } from "./remembered-login.js";

/** What the record of a remembered browser says, beside its user and its instants. */
export interface RememberedBrowser extends RememberedLogin, RememberedTime {
  /** How many restores there were: the number of the current token. */
  generation: number;
  /**
   * The ids of the records of its session, and of those that a confirmation was to put in its place since the last restore, in the order
   * in which they were named; none if a session of the application's own took its place. Of all of them one is used.
   */
  sessions: string[];
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
const MAX_TRIES = 5;

/** The browser in a record. */
export function browserIn({ userId, data }: SessionRecord): RememberedBrowser {
  return { ...(data as unknown as RememberedBrowser), userId: userId! };
}

/** The data of a browser's record. */
export function dataOf({ userId: _, ...data }: RememberedBrowser): JsonObject {
  return data as unknown as JsonObject;
}

/** What is known of the sessions that a browser's record names. */
export interface NamedSessions {
  /** The sessions that the record named when it was read. */
  sessions?: readonly string[] | undefined;
  /** A session in use to leave alone, because the caller ends it. */
  kept?: string | null | undefined;
}

/** The named sessions from one in use on. Those that were named before it have ended, because it took their place. */
export function namedSince(sessions: readonly string[], own: string | null | undefined): string[] {
  return sessions.slice(Math.max(own ? sessions.indexOf(own) : 0, 0));
}

/**
 * Forgets a browser, and ends the sessions that it names: first those that it is known to name, so that the record is still there to
 * begin again if the store fails.
 *
 * @returns the record that this call ended
 */
export async function endBrowser(
  store: SessionStore,
  id: string,
  { sessions = [], kept }: NamedSessions = {},
): Promise<SessionRecord | null> {
  const ended = new Set<string | null | undefined>([kept]);
  const endAll = async (named: readonly string[]) => {
    for (const session of namedSince(named, kept)) {
      if (!ended.has(session)) await endForGood(store, session);
      ended.add(session);
    }
  };
  await endAll(sessions);
  const record = await store.destroy(id);
  if (record) await endAll(browserIn(record).sessions);
  return record;
}

/** Ends a session, and one that is being created: a restore names it in the browser's record first. */
export async function endForGood(store: SessionStore, id: string): Promise<void> {
  for (let tried = 1; tried <= MAX_TRIES; tried++) {
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
