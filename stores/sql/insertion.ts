import type { SqlDialect, SqlValue } from "./database.js";
import type { Queries } from "./queries.js";
import { findLive } from "./rows.js";
import type { Statements } from "./statements.js";

const TRIES = 3;

/**
 * Inserts a row, and replaces an expired row with the same id. Resolves with false if a live row has this id.
 *
 * @param row the values of the columns; the first is the id
 */
export async function insertRow(
  dialect: SqlDialect,
  statements: Statements,
  queries: Queries,
  row: readonly [id: string, ...SqlValue[]],
): Promise<boolean> {
  if (dialect === "mysql") return insertOnMySql(statements, queries, row);
  return (await statements.run(queries.insert, [...row, Date.now()])) > 0;
}

/**
 * With the flag FOUND_ROWS, MySQL returns the same count for an upsert that inserted a row and for one that changed
 * nothing. So this function runs an INSERT, and runs other statements only if the INSERT fails.
 */
async function insertOnMySql(
  statements: Statements,
  queries: Queries,
  row: readonly [id: string, ...SqlValue[]],
): Promise<boolean> {
  const [id] = row;
  for (let tried = 1; ; tried++) {
    try {
      return (await statements.run(queries.insert, row)) > 0;
    } catch (error) {
      if (statements.isTransient(error)) throw error;
      await statements.run(queries.deleteExpired, [id, Date.now()]);
      if (await findLive(statements, queries, id)) return false;
      if (tried === TRIES) throw error;
    }
  }
}
