import type { JsonObject } from "../json.js";

/** What a store keeps for one remembered browser. All instants are whole milliseconds since the epoch, before the year 10000. */
export interface RememberTokenRecord {
  userId: string;
  /** The hash of the token that the browser's cookie holds now; the only part that `rotate` compares. */
  tokenHash: string;
  /** Whatever else latchkey wants to know of it. */
  data: JsonObject;
  createdAt: number;
  /** From this instant on the record does not exist any more. */
  expiresAt: number;
}

/** A record and the id that it is stored under. */
export interface StoredRememberToken extends RememberTokenRecord {
  id: string;
}

/**
 * Where remembered browsers are kept, one record each: what `SessionStore` is for sessions, and with the same rules for ids, user
 * ids, records, expiry and failures.
 *
 * Every `id` is the SHA-256 of the series in the cookie, every `tokenHash` that of the token. A store never sees either.
 */
export interface RememberTokenStore {
  /** Stores a new record. MUST reject with SessionExistsError, and change nothing, when the id is taken. */
  create(id: string, record: RememberTokenRecord): Promise<void>;

  /** Gives the record, or null. MUST NOT create one. */
  read(id: string): Promise<RememberTokenRecord | null>;

  /**
   * Replaces a record whose `tokenHash` is this one: compare and set. MUST NOT insert: gives false, and writes nothing, when there is
   * no record or its token is another. MUST give true to exactly one of several concurrent callers who want to replace the same token
   * by others. The user of a record never changes: a record of another user MUST be refused with a TypeError, or give false.
   */
  rotate(id: string, tokenHash: string, record: RememberTokenRecord): Promise<boolean>;

  /**
   * Forgets a browser. No error MUST be thrown when there is none.
   * MUST give true to exactly one of several concurrent callers when there was one, and false otherwise.
   */
  destroy(id: string): Promise<boolean>;

  /** The live records of a user, the newest first by `createdAt`. */
  listByUser(userId: string): Promise<StoredRememberToken[]>;

  /** Forgets the browsers of a user, all but `except`, and gives how many live ones it forgot. */
  destroyByUser(userId: string, options?: { except?: string }): Promise<number>;

  /** Removes expired records, at most `limit`, and gives how many it removed. A backend that removes them by itself gives 0. */
  prune(options?: { limit?: number }): Promise<number>;
}
