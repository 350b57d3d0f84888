import { COLUMNS, INDEXES, TABLE, TABLE_PREFIX } from "./columns.js";
import type { SqlDatabase, SqlDialect, SqlValue } from "./database.js";
import { quoted, type SqlTablesOptions, statements, tableName } from "./ddl.js";
import { retried, Statements } from "./statements.js";

const TRIES = 5;
const TIMEOUT = 60_000;

/**
 * Creates the table and its indexes if they are missing. If nothing is missing, it only reads: it waits for no lock, and
 * needs no right to create tables.
 *
 * @throws Error with the driver's `code` if the database refuses
 */
export async function createMissing(database: SqlDatabase, options: SqlTablesOptions): Promise<void> {
  const { dialect } = database;
  // If several processes create the same table at once on PostgreSQL, only one succeeds. The others fail with various
  // errors, so every error is followed by another try.
  const patient = new Statements(database, TIMEOUT);
  const isLocked = (error: unknown) => dialect === "sqlite" && patient.isTransient(error); // even after the timeout
  const tried = <T>(work: () => Promise<T>) => retried(TRIES, work, (error) => !isLocked(error));
  try {
    const missing = await missingStatements(database, options);
    for (const statement of missing) await tried(() => patient.run(statement, []));
    if (missing.length > 0) await tried(() => assertTable(database, options, TIMEOUT));
  } catch (cause) {
    const { message, code } = (cause ?? {}) as { message?: string; code?: unknown };
    const error = new Error(
      `cannot create the table ${tableName(dialect, options)} and its indexes: ${message}. Run the statements that ` +
        `\`${schemaCommand(dialect, options)}\` prints, as a role that may create tables`,
      { cause },
    );
    throw Object.assign(error, code === undefined ? {} : { code });
  }
}

/** Returns the command that prints the statements for this table. */
function schemaCommand(dialect: SqlDialect, { tablePrefix, schema }: SqlTablesOptions): string {
  const prefixed = tablePrefix === undefined ? "" : ` --table-prefix="${tablePrefix}"`;
  return `npx latchkey schema --dialect ${dialect}${prefixed}${schema === undefined ? "" : ` --schema="${schema}"`}`;
}

async function missingStatements(database: SqlDatabase, options: SqlTablesOptions): Promise<string[]> {
  const all = statements(database.dialect, options);
  if (!(await hasTable(database, options, TIMEOUT))) return all;
  // If the indexes cannot be read, each statement for an index runs, and does nothing if the index exists.
  const indexed = await leadingColumns(database, options, TIMEOUT).catch(() => new Set<string>());
  const firsts = Object.values(INDEXES).map(([first]) => first!.name);
  // On MySQL, the first statement creates the indexes too.
  return all.slice(1).filter((_, i) => !indexed.has(firsts[i]!));
}

/** Does the table exist, with all columns? */
export function hasTable(database: SqlDatabase, options: SqlTablesOptions, timeout: number): Promise<boolean> {
  return assertTable(database, options, timeout).then(
    () => true,
    () => false,
  );
}

/** Resolves if the table exists and has all columns. Otherwise, rejects with the error of the database. */
export async function assertTable(database: SqlDatabase, options: SqlTablesOptions, timeout: number): Promise<void> {
  const { dialect } = database;
  // SQLite reads "name" as a text if there is no such column, but never t."name".
  const columns = COLUMNS.map(({ name }) => `t.${quoted(dialect, name)}`).join(", ");
  await database.all(`SELECT ${columns} FROM ${tableName(dialect, options)} t WHERE 1 = 0`, [], timeout);
}

/**
 * Returns the first column of each index of the table. An index may have any name.
 *
 * @param isUsable leave out indexes that PostgreSQL is still building, or failed to build
 */
export async function leadingColumns(
  database: SqlDatabase,
  options: SqlTablesOptions,
  timeout: number,
  { isUsable = false }: { isUsable?: boolean } = {},
): Promise<Set<string>> {
  const { dialect } = database;
  const { tablePrefix = TABLE_PREFIX, schema = null } = options;
  const name = `${tablePrefix}${TABLE}`;
  const queries: Record<typeof dialect, [string, SqlValue[]]> = {
    sqlite: [
      "SELECT columns.name AS named FROM pragma_index_list(?) AS indexes " +
        "JOIN pragma_index_info(indexes.name) AS columns WHERE columns.seqno = 0",
      [name],
    ],
    postgres: [
      "SELECT CAST(a.attname AS text) AS named FROM pg_index i " +
        "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] " +
        `WHERE i.indrelid = to_regclass($1)${isUsable ? " AND i.indisvalid" : ""}`,
      [tableName(dialect, options)],
    ],
    mysql: [
      "SELECT COLUMN_NAME AS named FROM information_schema.STATISTICS " +
        "WHERE TABLE_NAME = ? AND TABLE_SCHEMA = COALESCE(?, DATABASE()) AND SEQ_IN_INDEX = 1",
      [name, schema],
    ],
  };
  const rows = await database.all(...queries[dialect], timeout);
  return new Set(rows.map(({ named }) => String(named)));
}
