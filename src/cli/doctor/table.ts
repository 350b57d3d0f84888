import type { Inside } from "../../../stores/open/inside.js";
import { COLUMNS, INDEXES, TABLE, TABLE_PREFIX } from "../../../stores/sql/columns.js";
import type { SqlDatabase, SqlValue } from "../../../stores/sql/database.js";
import { quoted, type SqlTablesOptions, tableName } from "../../../stores/sql/ddl.js";
import { reasonFor } from "../failure.js";
import { type Check, resultsOf } from "./check.js";

const TIMEOUT = 5000;

/** Checks that the table is there with all its columns, and that its indexes are. */
export async function checkTable({ database, tables }: Inside & { kind: "sql" }): Promise<Check[]> {
  const { dialect } = database;
  const table = resultsOf("table");
  const indexes = resultsOf("indexes");
  const name = tableName(dialect, tables);
  const advice = `\`latchkey schema --dialect ${dialect}\` prints the statements`;
  try {
    const columns = COLUMNS.map((column) => quoted(dialect, column.name)).join(", ");
    await database.all(`SELECT ${columns} FROM ${name} WHERE 1 = 0`, [], TIMEOUT);
  } catch (error) {
    return [table.failed(`${reasonFor(error)}; ${advice}`)];
  }
  const found = table.ok(`${name} has all columns`);
  try {
    const indexed = await leadingColumns(database, tables);
    const missing = Object.values(INDEXES).filter(([first]) => !indexed.has(first!.name));
    if (missing.length === 0) return [found, indexes.ok("all there")];
    const lacks = missing.map((columns) => `(${columns.map((column) => column.name).join(", ")})`).join(" and on ");
    return [found, indexes.failed(`no index on ${lacks}; ${advice}`)];
  } catch (error) {
    return [found, indexes.warning(`cannot read the indexes: ${reasonFor(error)}`)];
  }
}

/** The first column of each index of the table. An index may have any name. */
async function leadingColumns(database: SqlDatabase, tables: SqlTablesOptions): Promise<Set<string>> {
  const { dialect } = database;
  const name = `${tables.tablePrefix ?? TABLE_PREFIX}${TABLE}`;
  const queries: Record<typeof dialect, [string, SqlValue[]]> = {
    sqlite: [
      "SELECT columns.name AS named FROM pragma_index_list(?) AS indexes " +
        "JOIN pragma_index_info(indexes.name) AS columns WHERE columns.seqno = 0",
      [name],
    ],
    postgres: [
      "SELECT a.attname AS named FROM pg_index i " +
        "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] " +
        "WHERE i.indrelid = to_regclass($1) AND i.indisvalid",
      [tableName(dialect, tables)],
    ],
    mysql: [
      "SELECT COLUMN_NAME AS named FROM information_schema.STATISTICS " +
        "WHERE TABLE_NAME = ? AND TABLE_SCHEMA = COALESCE(?, DATABASE()) AND SEQ_IN_INDEX = 1",
      [name, tables.schema ?? null],
    ],
  };
  const rows = await database.all(...queries[dialect], TIMEOUT);
  return new Set(rows.map(({ named }) => String(named)));
}
