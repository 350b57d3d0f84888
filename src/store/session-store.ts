import type { JsonObject } from "../json.js";
import type { RememberTokenStore } from "./remember-token-store.js";

/** What a store keeps for one session. All instants are whole milliseconds since the epoch, before the year 10000. */
export interface SessionRecord {
  /** The user's id, or null for the session of an anonymous visitor. */
  userId: string | null;
  /** The content of `req.session`, without its cookie. */
  data: JsonObject;
  createdAt: number;
  lastSeenAt: number;
  /** From this instant on the record does not exist any more. */
  expiresAt: number;
  /** How often the record was updated: a whole number, 0 for a new one. */
  revision: number;
}

/** A record and the id that it is stored under. */
export interface StoredSession extends SessionRecord {
  id: string;
}

/**
 * Where sessions are kept.
 *
 * Every `id` is a storage id: the SHA-256 of the secret in the cookie. A store never sees the secret.
 * An id or user id that is not a non-empty string, or holds NUL or half a surrogate pair, MUST be refused with a TypeError before
 * any query is sent.
 * A record that is none, by its user id, data or instants, MUST be refused in the same way.
 * Ids and user ids MUST be compared exactly, as texts: with their case, accents and spaces, and without wildcards.
 * A record whose `expiresAt` has come MUST be treated as absent by every verb.
 * A failing backend MUST reject; it MUST NOT answer as if the session were absent.
 */
export interface SessionStore {
  /**
   * Where this backend keeps remembered browsers, if it does: with it, remembering is persistent by default. Such a store MUST be able
   * to list the sessions of a user.
   */
  readonly rememberTokens?: RememberTokenStore;

  /** Stores a new record. MUST reject with SessionExistsError, and change nothing, when the id is taken. */
  create(id: string, record: SessionRecord): Promise<void>;

  /**
   * Resolves with the record, or null. MUST NOT create one. MUST reject with RecordDamagedError when the record cannot be decoded: only
   * this error makes latchkey treat the record as absent. The caller MUST be free to change `data`, unless all of it is frozen.
   */
  read(id: string): Promise<SessionRecord | null>;

  /**
   * Replaces the record of this very revision, which becomes the next one. MUST NOT insert: gives false, and writes nothing, when there
   * is none, or when another update came first; of several concurrent callers with one revision exactly one succeeds.
   * This is what keeps a slow request from undoing a logout, and from undoing what another request has changed.
   *
   * The session MUST from then on be listed under the user that the new record names, and no other. latchkey itself never
   * changes the user of a record, for each login begins a new one; an application that writes to `req.session.auth` may.
   */
  update(id: string, record: SessionRecord): Promise<boolean>;

  /** Moves the two instants forward, never back, and nothing else. MUST give false, and write nothing, when there is no record. */
  touch(id: string, seen: Pick<SessionRecord, "lastSeenAt" | "expiresAt">): Promise<boolean>;

  /**
   * Ends a session. No error MUST be thrown when there is none.
   * MUST give true to exactly one of several concurrent callers when there was one, and false otherwise.
   */
  destroy(id: string): Promise<boolean>;

  /**
   * The live sessions of a user, the newest first by `createdAt`. Where one was created before another was destroyed, one of them MUST
   * be found at any moment, for this is how a login that moves is ended.
   * A record that cannot be decoded MUST be in the list, with empty `data`, so that it is ended with the others.
   */
  listByUser(userId: string): Promise<StoredSession[]>;

  /** Ends the sessions of a user, all but `except`, and gives how many live ones it ended. */
  destroyByUser(userId: string, options?: { except?: string }): Promise<number>;

  /**
   * Removes expired records, at most `limit`, and gives how many it removed; of several concurrent callers one counts each. A
   * backend that removes them by itself gives 0.
   */
  prune(options?: { limit?: number }): Promise<number>;
}
