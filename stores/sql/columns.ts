/**
 * A column: an id, a kind or a hash, compared exactly, of at most `length` bytes; text of any length; or a whole
 * number.
 */
export interface Column {
  property: string;
  name: string;
  type: "exact" | "text" | "number";
  length?: number;
  primary?: boolean;
  nullable?: boolean;
}

/** The table's name, after the prefix. */
export const TABLE = "sessions";
/** The table's name begins with this unless `tablePrefix` says otherwise. */
export const TABLE_PREFIX = "latchkey_";

const KIND: Column = { property: "kind", name: "kind", type: "exact", length: 32 };
/** 255 characters of up to four bytes, and a realm. */
const USER_ID: Column = { property: "userId", name: "user_id", type: "exact", length: 1060, nullable: true };
/** See `pruneAfter()`. */
const PRUNE_AFTER: Column = { property: "pruneAfter", name: "prune_after", type: "number" };

export const COLUMNS: readonly Column[] = [
  { property: "id", name: "id", type: "exact", length: 64, primary: true },
  KIND,
  USER_ID,
  { property: "data", name: "data", type: "text" },
  { property: "createdAt", name: "created_at", type: "number" },
  { property: "lastSeenAt", name: "last_seen_at", type: "number" },
  { property: "expiresAt", name: "expires_at", type: "number" },
  PRUNE_AFTER,
  { property: "revision", name: "revision", type: "number" },
];

/** The indexes, by their names after the table's name and `_`. */
export const INDEXES: Record<string, readonly Column[]> = {
  user_id_kind: [USER_ID, KIND],
  prune_after: [PRUNE_AFTER],
};

const HOUR = 3_600_000;

/**
 * The value of `prune_after`: when the record expires, rounded up to the whole hour.
 *
 * `prune` needs an index, and almost every request moves `expires_at`. If the index were on `expires_at`, PostgreSQL
 * could not do such an update as a HOT update: it would write a new entry to every index of the table.
 */
export function pruneAfter(expiresAt: number): number {
  return Math.ceil(expiresAt / HOUR) * HOUR;
}
