import type { SqlValue } from "./database.js";
import type { Statements } from "./statements.js";

/** How many rows one statement deletes. */
export const BATCH = 512;
/**
 * The maximum number of rows that one statement deletes. MariaDB turns a list of 1,000 or more values into a subquery,
 * which may not use the index.
 */
export const LARGEST_BATCH = 999;

/**
 * Rounds up to a power of two. A driver that caches prepared statements then needs only a few of them, whatever the
 * limits are.
 */
export function sizeFor(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}

/** Deletes at most `LARGEST_BATCH` rows by their ids. The ids are sorted, so that concurrent calls do not deadlock. */
export async function deleteRows(
  statements: Statements,
  query: (count: number) => string,
  ids: string[],
  values: readonly SqlValue[],
): Promise<number> {
  ids.sort();
  const size = Math.min(sizeFor(ids.length), LARGEST_BATCH);
  while (ids.length < size) ids.push(ids.at(-1)!);
  return statements.run(query(size), [...ids, ...values]);
}
