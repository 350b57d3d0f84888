import { pruneAfter } from "./columns.js";
import type { SqlValue } from "./database.js";
import type { Queries } from "./queries.js";
import { idOf } from "./rows.js";
import type { Statements } from "./statements.js";

/** The maximum number of rows that one statement deletes. */
export const BATCH = 512;

/**
 * Rounds up to a power of two. A driver that caches prepared statements then needs only a few of them, whatever the
 * limits are.
 */
export function sizeFor(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}

/** Deletes at most `BATCH` rows by their ids. The ids are sorted, so that concurrent calls do not deadlock. */
export async function deleteRows(
  statements: Statements,
  query: (count: number) => string,
  ids: string[],
  values: readonly SqlValue[],
): Promise<number> {
  ids.sort();
  const size = sizeFor(ids.length);
  while (ids.length < size) ids.push(ids.at(-1)!);
  return statements.run(query(size), [...ids, ...values]);
}

/**
 * Deletes at most `limit` expired rows, and returns how many it deleted. Each batch needs two statements. The first
 * finds the ids and locks no rows. The second deletes the rows by id, so it locks only these rows.
 */
export async function deleteExpired(statements: Statements, queries: Queries, limit: number): Promise<number> {
  const { expired, deleteAllExpired } = queries;
  const now = Date.now();
  let removed = 0;
  let from = 0;
  while (removed < limit) {
    const size = Math.min(BATCH, Math.floor(limit - removed));
    // Start where the last batch ended, because the index still has entries for the removed rows.
    const found = await statements.all(expired(sizeFor(size)), [from, pruneAfter(now), now]);
    const rows = found.slice(0, size);
    if (rows.length === 0) break;
    from = Number(rows.at(-1)!.pruneafter);
    removed += await deleteRows(statements, deleteAllExpired, rows.map(idOf), [now]);
    if (rows.length < size) break;
    // An embedded database resolves at once, so this wait lets other work run between batches.
    await new Promise(setImmediate);
  }
  return removed;
}
