/**
 * A column of the table. The type `exact` is for ids, kinds and hashes: it holds at most `length` bytes, and values are
 * compared exactly. The type `text` is for text of any length, and `number` is for whole numbers.
 */
export interface Column {
  property: string;
  name: string;
  type: "exact" | "text" | "number";
  length?: number;
  primary?: boolean;
  nullable?: boolean;
}

/** The table's name without the prefix. */
export const TABLE = "sessions";
/** The default prefix of the table's name. */
export const TABLE_PREFIX = "latchkey_";

const KIND: Column = { property: "kind", name: "kind", type: "exact", length: 32 };
/** Long enough for 255 characters of up to four bytes each, and a realm. */
const USER_ID: Column = { property: "userId", name: "user_id", type: "exact", length: 1060, nullable: true };
/** `pruneAfter()` returns its value. */
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

/** The indexes by name. The full name of an index begins with the table's name and `_`. */
export const INDEXES: Record<string, readonly Column[]> = {
  user_id_kind: [USER_ID, KIND],
  prune_after: [PRUNE_AFTER],
};

const HOUR = 3_600_000;

/**
 * The value of `prune_after`: when the record expires, rounded up to the whole hour.
 *
 * `prune` needs an index, but almost every request changes `expires_at`. With an index on `expires_at`, PostgreSQL
 * could not use a HOT update for this change: it would write a new entry to every index of the table.
 */
export function pruneAfter(expiresAt: number): number {
  return Math.ceil(expiresAt / HOUR) * HOUR;
}
