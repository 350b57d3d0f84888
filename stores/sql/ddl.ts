import { shown as given } from "../../src/text.js";
import { COLUMNS, type Column, INDEXES, TABLE, TABLE_PREFIX } from "./columns.js";
import { assertDialect, type SqlDialect } from "./database.js";

/**
 * How much of each page PostgreSQL fills with new rows, in percent. HOT updates need the rest: a full page has no room
 * for them.
 */
const FILL_FACTOR = 90;

/** Where the table is, and what its name is. */
export interface SqlTablesOptions {
  /**
   * The prefix of the table's name, which ends with `sessions`. It may contain only letters, digits, `_` and `-`.
   *
   * @default "latchkey_"
   */
  tablePrefix?: string | undefined;
  /**
   * The schema of the table on PostgreSQL, or its database on MySQL. It must exist.
   *
   * @default the schema or database of the connection
   */
  schema?: string | undefined;
}

/**
 * Returns the statements that create the table and its indexes if they are missing, as text for your own migration.
 * `SqlStore.migrate()` runs the same statements.
 *
 * @throws TypeError if the dialect is unknown, or if the prefix or schema contains characters other than letters,
 * digits, `_` and `-`
 */
export function ddl(dialect: SqlDialect, options: SqlTablesOptions = {}): string {
  return statements(dialect, options)
    .map((statement) => `${statement};\n`)
    .join("\n");
}

/** Returns the statements of `ddl` as an array. */
export function statements(dialect: SqlDialect, options: SqlTablesOptions): string[] {
  assertDialect(dialect);
  const table = tableName(dialect, options);
  const indexes = Object.keys(INDEXES).map((name) => indexOf(dialect, name, options));
  const lines = COLUMNS.map((column) => definition(dialect, column));
  // MySQL has no CREATE INDEX IF NOT EXISTS.
  if (dialect === "mysql") lines.push(...indexes.map(({ index, of }) => `INDEX ${index} (${of})`));
  const create = `CREATE TABLE IF NOT EXISTS ${table} (\n  ${lines.join(",\n  ")}\n)`;
  if (dialect === "mysql") return [`${create} ENGINE=InnoDB`];
  const created = dialect === "postgres" ? `${create} WITH (fillfactor = ${FILL_FACTOR})` : create;
  return [created, ...indexes.map(({ index, of }) => `CREATE INDEX IF NOT EXISTS ${index} ON ${table} (${of})`)];
}

/** Returns the statement that adds indexes to an existing table of MySQL, which has no CREATE INDEX IF NOT EXISTS. */
export function addIndexes(names: readonly string[], options: SqlTablesOptions): string {
  const added = names
    .map((name) => indexOf("mysql", name, options))
    .map(({ index, of }) => `ADD INDEX ${index} (${of})`);
  return `ALTER TABLE ${tableName("mysql", options)} ${added.join(", ")}`;
}

function indexOf(dialect: SqlDialect, name: string, { tablePrefix = TABLE_PREFIX }: SqlTablesOptions) {
  return {
    index: quoted(dialect, `${tablePrefix}${TABLE}_${name}`),
    of: INDEXES[name]!.map((column) => quoted(dialect, column.name)).join(", "),
  };
}

/**
 * Returns the quoted name of the table, with its prefix and schema.
 *
 * @throws TypeError if the prefix or the schema contains a character that is not allowed
 */
export function tableName(dialect: SqlDialect, options: SqlTablesOptions): string {
  const { tablePrefix: prefix = TABLE_PREFIX, schema } = options;
  if (typeof prefix !== "string" || !/^[\w-]*$/.test(prefix))
    throw new TypeError(`tablePrefix must consist of letters, digits, _ and -, but it is ${given(prefix)}`);
  const name = quoted(dialect, `${prefix}${TABLE}`);
  if (schema === undefined) return name;
  if (dialect === "sqlite") throw new TypeError("schema must be left out for SQLite, which has no schemas");
  if (typeof schema !== "string" || !/^[\w-]+$/.test(schema))
    throw new TypeError(`schema must consist of letters, digits, _ and -, but it is ${given(schema)}`);
  return `${quoted(dialect, schema)}.${name}`;
}

/** Returns a quoted name. The name must not contain characters that need escaping. */
export function quoted(dialect: SqlDialect, name: string): string {
  return dialect === "mysql" ? `\`${name}\`` : `"${name}"`;
}

function definition(dialect: SqlDialect, column: Column): string {
  const { name, primary = false, nullable = false } = column;
  const sqlType = dialect === "mysql" ? mysqlType(column) : standardType(column);
  return `${quoted(dialect, name)} ${sqlType}${primary ? " PRIMARY KEY" : ""}${nullable ? "" : " NOT NULL"}`;
}

function standardType({ type, length }: Column): string {
  if (type === "number") return "bigint";
  return type === "exact" ? `varchar(${length})` : "text";
}

/**
 * Returns the type of a column. MySQL and MariaDB treat the texts "Ann", "ann", "änn" and "Ann " as equal, so ids are
 * stored as bytes. Their type `text` is limited to 64 KB and uses the character set of the database.
 */
function mysqlType({ type, length }: Column): string {
  if (type === "number") return "bigint";
  return type === "exact" ? `varbinary(${length})` : "mediumtext CHARACTER SET utf8mb4";
}
