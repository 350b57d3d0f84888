import { pruneAfter } from "./columns.js";
import type { SqlValue } from "./database.js";
import type { Queries } from "./queries.js";
import { idOf } from "./rows.js";
import type { Statements } from "./statements.js";

/** The most rows that one statement deletes. */
export const BATCH = 512;

/**
 * Rounds up to a power of two, so that drivers that keep prepared statements keep only a few, whatever the limits are.
 */
export function sizeFor(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}

/** Deletes rows by their ids, at most `BATCH`. They are sorted, so that concurrent calls do not deadlock. */
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
 * Deletes expired rows, at most `limit`, and returns how many it deleted. Two statements for each batch: the first
 * locks nothing; the second finds its rows by their ids, so it locks no others.
 */
export async function deleteExpired(statements: Statements, queries: Queries, limit: number): Promise<number> {
  const { expired, deleteAllExpired } = queries;
  const now = Date.now();
  let removed = 0;
  let from = 0;
  while (removed < limit) {
    const size = Math.min(BATCH, Math.floor(limit - removed));
    // Continue at the last batch, because the index still has entries for the removed rows.
    const found = await statements.all(expired(sizeFor(size)), [from, pruneAfter(now), now]);
    const rows = found.slice(0, size);
    if (rows.length === 0) break;
    from = Number(rows.at(-1)!.pruneafter);
    removed += await deleteRows(statements, deleteAllExpired, rows.map(idOf), [now]);
    if (rows.length < size) break;
    // An embedded database resolves within the same turn of the event loop, so let other work run.
    await new Promise(setImmediate);
  }
  return removed;
}
