import type { JsonObject } from "../json.js";

/**
 * A record that a store keeps under one id. All timestamps are whole milliseconds since the epoch, before the year
 * 10000.
 */
export interface SessionRecord {
  /**
   * The kind of the record: `"session"`, `"browser"` for a remembered browser, or `"ended"` for an id that stays
   * reserved for a while. Later versions may add kinds, but none that begins with `app-`: these are the application's.
   * A kind has at most 32 letters, digits and `-`. The kind of a record never changes.
   */
  kind: string;
  /** The user's id, or null for the session of an anonymous visitor. It never changes. */
  userId: string | null;
  /**
   * For a session, the content of `req.session` without its cookie. For a remembered browser, the details of its login.
   */
  data: JsonObject;
  /** When the record was created. It never changes. */
  createdAt: number;
  lastSeenAt: number;
  /** From this time on, the record no longer exists. */
  expiresAt: number;
  /** How many times the record was updated: a whole number, 0 for a new record. */
  revision: number;
}

/** A record and the id that it is stored under. */
export interface StoredRecord extends SessionRecord {
  id: string;
}

/** The new values of an update, and the revision that it replaces. */
export type SessionUpdate = Pick<SessionRecord, "data" | "lastSeenAt" | "expiresAt" | "revision">;

/** When a record was last used, and when it ends. */
export type SessionTimes = Pick<SessionRecord, "lastSeenAt" | "expiresAt">;

/** Which of a user's records to list. */
export interface ListOptions {
  kind: string;
  /** The maximum number of records in a page. */
  limit: number;
  /** The `next` of the previous page, to continue after it. */
  after?: string | undefined;
}

/** A page of the records of a user. */
export interface RecordPage {
  /** The records of the page. There may be fewer records than the limit, or none, even if more pages follow. */
  records: StoredRecord[];
  /** The ids of records that cannot be decoded. */
  damaged: string[];
  /** Where the next page begins, in the store's own format; null if this is the last page. */
  next: string | null;
}

/**
 * The place where latchkey keeps sessions and remembered browsers. It has eight methods, for all kinds of records.
 *
 * - Every `id` is a hash. A store never sees the secret in the cookie. An id belongs to one record, whatever its kind.
 * - Invalid ids, user ids, records, updates and pages MUST be rejected with a TypeError before any query is sent.
 *   `assertId`, `assertRecord`, `assertUpdate`, `assertTimes` and `assertPage` check them.
 * - Ids, user ids and kinds MUST be compared exactly, as text: case, accents and spaces count, and there are no
 *   wildcards.
 * - Every method MUST treat a record as absent from its `expiresAt` on.
 * - If the backend fails, the method MUST reject. It MUST NOT behave as if the record were absent.
 */
export interface SessionStore {
  /**
   * What this store cannot do. `"compareAndSet"`: if several processes call `create`, `update` or `destroy` at once,
   * more than one may succeed. `"listByUser"`: `listByUser` and `destroyByUser` reject with UnsupportedByStoreError. If
   * a store lacks either of them, remember cookies are stateless, and the option `maxSessions` is rejected.
   *
   * @default nothing
   */
  readonly lacks?: ReadonlyArray<"compareAndSet" | "listByUser">;

  /** Stores a new record. MUST reject with SessionExistsError, and change nothing, when the id is taken. */
  create(id: string, record: SessionRecord): Promise<void>;

  /**
   * Resolves with the record, or null. MUST NOT create one. MUST reject with RecordDamagedError when the record cannot
   * be decoded: only this error makes latchkey treat the record as absent. `data` MUST be a copy that the caller may
   * change, or be completely frozen.
   */
  read(id: string): Promise<SessionRecord | null>;

  /**
   * Replaces the data and the two timestamps of the record if it has this revision, and raises the revision by one.
   * MUST NOT insert: MUST resolve with false, and write nothing, when there is no record or its revision differs.
   * Exactly one of several concurrent callers with the same revision MUST succeed. For this reason, a slow request
   * cannot undo a logout or the changes of another request.
   */
  update(id: string, update: SessionUpdate): Promise<boolean>;

  /**
   * Moves each of the two timestamps forward, never back, and changes nothing else. MUST resolve with false, and write
   * nothing, when there is no record.
   */
  touch(id: string, times: SessionTimes): Promise<boolean>;

  /**
   * Deletes a record. Resolves with the record as it was at that moment, or with null if there was no record. Exactly
   * one of several concurrent callers MUST get the record. A record that cannot be decoded is deleted too, and the
   * result is null.
   */
  destroy(id: string): Promise<SessionRecord | null>;

  /**
   * Lists a user's live records of one kind, in pages.
   *
   * The list must not miss a login that moves to a new session: its new record is created before the old record is
   * destroyed. If all records fit into the first page, the list MUST contain at least one of the two at any moment.
   */
  listByUser(userId: string, options: ListOptions): Promise<RecordPage>;

  /**
   * Deletes at most `limit` of a user's records of one kind, including records that cannot be decoded.
   *
   * @returns how many live records this call deleted, and whether there may be more
   */
  destroyByUser(userId: string, options: { kind: string; limit: number }): Promise<{ ended: number; more: boolean }>;

  /**
   * Removes at most `limit` expired records of all kinds, and resolves with how many it removed. If several callers run
   * at once, each record is counted by only one of them. Resolves with 0 if the backend removes expired records by
   * itself.
   */
  prune(options?: { limit?: number }): Promise<number>;
}
