/** A column: an id or a hash, compared exactly, of at most `length` bytes; text of any length; or a whole number. */
export interface Column {
  property: string;
  name: string;
  kind: "exact" | "text" | "number";
  length?: number;
  primary?: boolean;
  nullable?: boolean;
}

/** The table names begin with this unless `tablePrefix` says otherwise. */
export const TABLE_PREFIX = "latchkey_";

const ID: Column = { property: "id", name: "id", kind: "exact", length: 64, primary: true };
/** 255 characters of up to four bytes. */
const USER_ID: Column = { property: "userId", name: "user_id", kind: "exact", length: 1020 };
const TOKEN_HASH: Column = { property: "tokenHash", name: "token_hash", kind: "exact", length: 64 };
const DATA: Column = { property: "data", name: "data", kind: "text" };
const CREATED_AT: Column = { property: "createdAt", name: "created_at", kind: "number" };
const LAST_SEEN_AT: Column = { property: "lastSeenAt", name: "last_seen_at", kind: "number" };
const EXPIRES_AT: Column = { property: "expiresAt", name: "expires_at", kind: "number" };
const REVISION: Column = { property: "revision", name: "revision", kind: "number" };

/** The columns of each table, by its name without the prefix. */
export const TABLES: Record<"sessions" | "remember_tokens", readonly Column[]> = {
  sessions: [ID, { ...USER_ID, nullable: true }, DATA, CREATED_AT, LAST_SEEN_AT, EXPIRES_AT, REVISION],
  remember_tokens: [ID, USER_ID, TOKEN_HASH, DATA, CREATED_AT, EXPIRES_AT],
};

/** Both tables have an index on each of these. */
export const INDEXED: readonly Column[] = [USER_ID, EXPIRES_AT];
