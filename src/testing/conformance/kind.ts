import type { JsonObject } from "../../json.js";
import type { RememberTokenRecord, RememberTokenStore } from "../../store/remember-token-store.js";
import type { SessionRecord, SessionStore } from "../../store/session-store.js";
import { HOUR, newId } from "./case.js";

/** What the records of sessions and of remembered browsers have in common. */
export interface ListedRecord {
  userId: string | null;
  data: JsonObject;
  createdAt: number;
  expiresAt: number;
}

/** What their stores have in common. */
export interface KeepingStore {
  create(id: string, record: ListedRecord): Promise<void>;
  read(id: string): Promise<ListedRecord | null>;
  destroy(id: string): Promise<boolean>;
  listByUser(userId: string): Promise<Array<ListedRecord & { id: string }>>;
  destroyByUser(userId: string, options?: { except?: string }): Promise<number>;
  prune(options?: { limit?: number }): Promise<number>;
}

/** What is different about one of the two, for the cases that both have. */
export interface Kind<S extends KeepingStore> {
  /** A record that lives for an hour. */
  newRecord(parts?: Partial<ListedRecord & { userId: string }>): ListedRecord;
  /** A call of each verb that writes to a record which is there, and gives false otherwise; it would succeed were it there. */
  changes(store: S, id: string, record: ListedRecord): Array<() => Promise<boolean>>;
}

/** A record of nobody's session that lives for an hour. */
export function newRecord(parts: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  return { userId: null, data: {}, createdAt: now, lastSeenAt: now, expiresAt: now + HOUR, revision: 0, ...parts };
}

/** A record of a browser, of a user whom no other case uses, that is remembered for an hour. */
export function newToken(parts: Partial<RememberTokenRecord> = {}): RememberTokenRecord {
  const now = Date.now();
  return { userId: newId(), tokenHash: newId(), data: {}, createdAt: now, expiresAt: now + HOUR, ...parts };
}

export const SESSIONS: Kind<SessionStore> = {
  newRecord,
  changes: (store, id, record) => [
    () => store.update(id, record as SessionRecord),
    () => store.touch(id, record as SessionRecord),
  ],
};

export const TOKENS: Kind<RememberTokenStore> = {
  newRecord: newToken,
  changes: (store, id, record) => [
    () => store.rotate(id, (record as RememberTokenRecord).tokenHash, record as RememberTokenRecord),
  ],
};
