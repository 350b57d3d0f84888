import type { Inside } from "../../../stores/open/inside.js";
import { INDEXES } from "../../../stores/sql/columns.js";
import { addIndexes, tableName } from "../../../stores/sql/ddl.js";
import { assertTable, leadingColumns } from "../../../stores/sql/migration.js";
import { reasonFor } from "../failure.js";
import { type Check, resultsOf } from "./check.js";

const TIMEOUT = 5000;

/** Checks that the table exists with all its columns and indexes. */
export async function checkTable({ database, tables }: Inside & { kind: "sql" }): Promise<Check[]> {
  const { dialect } = database;
  const table = resultsOf("table");
  const indexes = resultsOf("indexes");
  const name = tableName(dialect, tables);
  const advice = `\`latchkey schema --dialect ${dialect}\` prints the statements`;
  try {
    await assertTable(database, tables, TIMEOUT);
  } catch (error) {
    return [table.failed(`${reasonFor(error)}; ${advice}`)];
  }
  const found = table.ok(`${name} has all columns`);
  try {
    const indexed = await leadingColumns(database, tables, TIMEOUT, { isUsable: true });
    const missing = Object.entries(INDEXES).filter(([, [first]]) => !indexed.has(first!.name));
    if (missing.length === 0) return [found, indexes.ok("all indexes exist")];
    const lacks = missing.map(([, columns]) => `(${columns.map((column) => column.name).join(", ")})`).join(" and on ");
    const names = missing.map(([index]) => index);
    const repair = dialect === "mysql" ? `run: ${addIndexes(names, tables ?? {})}` : advice;
    return [found, indexes.failed(`no index on ${lacks}; ${repair}`)];
  } catch (error) {
    return [found, indexes.warning(`cannot read the indexes: ${reasonFor(error)}`)];
  }
}
