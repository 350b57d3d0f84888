import type { JsonObject } from "../json.js";

/** What a store keeps under one id. All instants are whole milliseconds since the epoch, before the year 10000. */
export interface SessionRecord {
  /**
   * What the record is: `"session"`, `"browser"` for a remembered browser, `"ended"` for an id that no record may take for a while.
   * Later versions may have more. Letters, digits and `-`, at most 32. It never changes.
   */
  kind: string;
  /** The user's id, or null for the session of an anonymous visitor. It never changes. */
  userId: string | null;
  /** Of a session, the content of `req.session` without its cookie; of a browser, how it is remembered. */
  data: JsonObject;
  /** It never changes. */
  createdAt: number;
  lastSeenAt: number;
  /** From this instant on, the record does not exist any more. */
  expiresAt: number;
  /** How often the record was updated: a whole number, 0 for a new one. */
  revision: number;
}

/** A record and the id that it is stored under. */
export interface StoredRecord extends SessionRecord {
  id: string;
}

/** What an update replaces, and the revision that it replaces. */
export type SessionUpdate = Pick<SessionRecord, "data" | "lastSeenAt" | "expiresAt" | "revision">;

/** When a record was last used, and when it ends. */
export type SessionTimes = Pick<SessionRecord, "lastSeenAt" | "expiresAt">;

/** Which of a user's records to list. */
export interface ListOptions {
  kind: string;
  /** Gives at most so many. */
  limit: number;
  /** Goes on after a page: its `next`. */
  after?: string | undefined;
}

/** Some records of a user. */
export interface RecordPage {
  /** There may be fewer than the limit, or none, although there are more pages. */
  records: StoredRecord[];
  /** The ids of records that cannot be decoded. */
  damaged: string[];
  /** Where the next page begins, in a form of the store's own; null if this is the last one. */
  next: string | null;
}

/**
 * Where latchkey keeps sessions and remembered browsers: eight methods, for all kinds of records.
 *
 * - Every `id` is a hash. A store never sees the secret in the cookie. An id belongs to one record, whatever its kind.
 * - Invalid ids, user ids, records, updates and pages MUST be rejected with a TypeError before any query is sent. `assertId`,
 *   `assertRecord`, `assertUpdate`, `assertTimes` and `assertPage` check them.
 * - Ids, user ids and kinds MUST be compared exactly, as texts: with their case, accents and spaces, and without wildcards.
 * - A record whose `expiresAt` has come MUST be treated as absent by every method.
 * - A backend that fails MUST make the method reject. It MUST NOT answer as if the record were absent.
 */
export interface SessionStore {
  /**
   * What this store cannot do. `"compareAndSet"`: of several processes at once, `create`, `update` and `destroy` may succeed in more
   * than one. `"listByUser"`: `listByUser` and `destroyByUser` reject with UnsupportedByStoreError. With either, remember cookies are
   * stateless, and `maxSessions` is refused.
   *
   * @default nothing
   */
  readonly lacks?: ReadonlyArray<"compareAndSet" | "listByUser">;

  /** Stores a new record. MUST reject with SessionExistsError, and change nothing, when the id is taken. */
  create(id: string, record: SessionRecord): Promise<void>;

  /**
   * Resolves with the record, or null. MUST NOT create one. MUST reject with RecordDamagedError when the record cannot be decoded: only
   * this error makes latchkey treat the record as absent. The caller MUST be free to change `data`, unless all of it is frozen.
   */
  read(id: string): Promise<SessionRecord | null>;

  /**
   * Replaces the data and the two instants of the record that has this revision, and raises the revision by one. MUST NOT insert:
   * resolves with false, and writes nothing, when there is no record, or its revision is another. Of several concurrent callers with one
   * revision, exactly one MUST succeed. So a slow request cannot undo a logout, nor what another request has changed.
   */
  update(id: string, update: SessionUpdate): Promise<boolean>;

  /** Moves the two instants forward, never back, and changes nothing else. MUST resolve with false, and write nothing, when there is no record. */
  touch(id: string, times: SessionTimes): Promise<boolean>;

  /**
   * Ends a record and resolves with it, as it was at that moment; with null when there was none. Of several concurrent callers, exactly
   * one MUST get the record. One that cannot be decoded is ended too, and the result is null.
   */
  destroy(id: string): Promise<SessionRecord | null>;

  /**
   * Lists the live records of a user that have this kind, in pages. Where all of them fit into the first page and one was created before
   * another was destroyed, one of the two MUST be found at any moment: so a login that moves to a new session cannot escape.
   */
  listByUser(userId: string, options: ListOptions): Promise<RecordPage>;

  /**
   * Ends at most `limit` records of a user that have this kind, also those that cannot be decoded.
   *
   * @returns how many live ones this call ended, and whether there may be more
   */
  destroyByUser(userId: string, options: { kind: string; limit: number }): Promise<{ ended: number; more: boolean }>;

  /**
   * Removes expired records of all kinds, at most `limit`, and resolves with how many it removed; of several concurrent callers, one
   * counts each. A backend that removes them by itself gives 0.
   */
  prune(options?: { limit?: number }): Promise<number>;
}
