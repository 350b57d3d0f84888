import { StoreUnavailableError } from "../errors.js";
import type { JsonObject } from "../json.js";
import { createIfFree } from "../store/create-if-free.js";
import { BROWSER_FIELDS, unknownFields } from "../store/format.js";
import type { SessionRecord, SessionStore } from "../store/session-store.js";
import type { KeptFields, RememberedLogin, RememberedTime } from "./remembered-login.js";

/** The content of a remembered browser's record, except the record's timestamps. */
export interface RememberedBrowser extends Omit<RememberedLogin, keyof KeptFields>, RememberedTime {
  /** The version of the format. */
  v: number;
  /** How many times the login was restored. This is also the number of the current token. */
  generation: number;
  /**
   * The record ids of the browser's sessions, in the order in which they were named: first the session of the last
   * restore, then those of later confirmations. Only one of them is in use. Empty if the application's own
   * express-session stores the session.
   */
  sessions: string[];
  /** The keyed hash of the client at the last restore; null before the first restore. */
  fingerprint: string | null;
  /** The IP address at the login or the last restore; null if unknown or not stored. */
  address: string | null;
  userAgent: string | null;
  /**
   * Fields of the login that a restore puts into the new session: `earlierMethods`, `external`, the label, the data, and
   * fields that a later version has added.
   */
  login?: JsonObject;
}

/** The kind of a record that reserves the id of a session. The session was ended before it was created. */
const ENDED = "ended";
/** How long the id stays reserved, in milliseconds. */
const ENDED_FOR = 600_000;
/** How many times latchkey tries to end a session that is being created at the same time. */
const MAX_TRIES = 20;

/** Returns the browser that a record describes. */
export function browserIn({ userId, data }: SessionRecord): RememberedBrowser {
  return { ...(data as unknown as RememberedBrowser), userId: userId! };
}

/** Returns the data for a browser's record. */
export function dataOf({ userId: _, ...data }: RememberedBrowser): JsonObject {
  return data as unknown as JsonObject;
}

/** Returns the fields that a later version has added to a browser's record, and the fields of the login. */
export function laterOf({ userId: _, ...data }: RememberedBrowser): JsonObject {
  return unknownFields(data, BROWSER_FIELDS satisfies Record<Exclude<keyof typeof data, "login">, unknown>);
}

/** Returns the names of a browser's sessions, if it has only this session, or none. */
export function namesOf(session: string | null): string[] {
  return session === null ? [] : [session];
}

/** The sessions of a browser that the caller of `endBrowser` knows. */
export interface NamedSessions {
  /** The sessions that the record named when it was read. */
  sessions?: readonly string[] | undefined;
  /** The session in use. It is not ended here, because the caller ends it. */
  kept?: string | null | undefined;
}

/**
 * Returns the named sessions from `own`, the session in use, to the last one. The sessions before `own` have ended,
 * because `own` replaced them.
 */
export function namedSince(sessions: readonly string[], own: string | null | undefined): string[] {
  return sessions.slice(Math.max(own ? sessions.indexOf(own) : 0, 0));
}

/**
 * Forgets a browser and ends the sessions that its record names. The sessions that the caller knows are ended first. If
 * the store then fails, the record still exists, and the call can be repeated.
 *
 * @returns the record that this call ended, or null
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

/**
 * Ends a session, even if the session is still being created: a restore names a session in the browser's record before
 * it creates the session. If the session does not exist yet, reserves its id, so that the session cannot be created.
 */
export async function endForGood(store: SessionStore, id: string): Promise<void> {
  if (await endsSession(store, id)) return;
  for (let tried = 1; tried <= MAX_TRIES; tried++) {
    if (await isReserved(store, id)) return;
    // Look before deleting. Otherwise, concurrent calls would delete each other's reservations.
    const found = await store.read(id);
    if (found?.kind === ENDED || (found && (await endsSession(store, id)))) return;
  }
  throw new StoreUnavailableError("the session store did not end a session");
}

/** Deletes a record. Resolves with true if it was a session, and not a reservation. */
async function endsSession(store: SessionStore, id: string): Promise<boolean> {
  const ended = await store.destroy(id);
  return ended !== null && ended.kind !== ENDED;
}

/** Reserves an id. Resolves with false if the id is taken. */
function isReserved(store: SessionStore, id: string): Promise<boolean> {
  const now = Date.now();
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + ENDED_FOR };
  return createIfFree(store, id, { kind: ENDED, userId: null, data: {}, ...times, revision: 0 });
}
