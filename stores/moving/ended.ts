import { randomInt } from "node:crypto";
import { isLatchkeyError, StoreUnavailableError } from "../../src/errors.js";
import type { SessionRecord, SessionStore } from "../../src/store/session-store.js";

/** The kind of a record that reserves the id of an ended record, so that no late copy of that record can be created. */
const KIND = "moving-ended";
/**
 * How long the id stays reserved, in milliseconds: longer than any call that another process began before the record
 * ended.
 */
const TAKEN_FOR = 600_000;
/** How many times a record is ended if other processes create it again at the same moment. */
const MAX_TRIES = 100;

/** Does this record only reserve an id? */
export function isEnded(record: SessionRecord): boolean {
  return record.kind === KIND;
}

/**
 * Deletes a record, and reserves its id. When it resolves, no copy of the record can be created under this id.
 *
 * @returns the record that was deleted, or null
 */
export async function endIn(store: SessionStore, id: string): Promise<SessionRecord | null> {
  let ended: SessionRecord | null = null;
  for (let tried = 0; tried < MAX_TRIES; tried++) {
    const record = await store.destroy(id);
    if (record && !isEnded(record)) ended = record;
    try {
      await store.create(id, takenRecord());
      return ended;
    } catch (error) {
      // Another process created a copy after the record was deleted, or ended the same record.
      if (!isLatchkeyError(error, "session_exists")) throw error;
    }
  }
  throw new StoreUnavailableError("a record could not be ended");
}

/** Makes the id of an ended record free again. Does nothing if the id belongs to another record by now. */
export function free(store: SessionStore, id: string, { revision }: SessionRecord): Promise<boolean> {
  return expire(store, id, revision);
}

/** Ends the record only if it still has this revision. */
export function expire(store: SessionStore, id: string, revision: number): Promise<boolean> {
  return store.update(id, { data: {}, lastSeenAt: 0, expiresAt: 0, revision });
}

/** The revision is random: `free` must not match another record that took the id meanwhile. */
function takenRecord(): SessionRecord {
  const now = Date.now();
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + TAKEN_FOR };
  return { kind: KIND, userId: null, data: {}, ...times, revision: randomInt(1_000_000_000, 2_000_000_000) };
}
