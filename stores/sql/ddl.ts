import { shown as given } from "../../src/text.js";
import { COLUMNS, type Column, INDEXES, TABLE, TABLE_PREFIX } from "./columns.js";
import { assertDialect, type SqlDialect } from "./database.js";

/** PostgreSQL leaves the rest of each page free for HOT updates, which a full page has no room for. */
const FILL_FACTOR = 90;

/** Where the table is. */
export interface SqlTablesOptions {
  /** The table's name, `sessions`, begins with this: letters, digits, `_` and `-`. @default "latchkey_" */
  tablePrefix?: string | undefined;
  /**
   * The schema of the table on PostgreSQL, or its database on MySQL. It must exist.
   *
   * @default the schema or database of the connection
   */
  schema?: string | undefined;
}

/**
 * The statements that create the table and its indexes if they are missing, as text for a migration of your own.
 * `SqlStore.migrate()` runs the same statements.
 *
 * @throws TypeError for an unknown dialect, or a prefix or schema with other characters than letters, digits, `_` and
 * `-`
 */
export function ddl(dialect: SqlDialect, options: SqlTablesOptions = {}): string {
  return statements(dialect, options)
    .map((statement) => `${statement};\n`)
    .join("\n");
}

/** The statements of `ddl`, one by one. */
export function statements(dialect: SqlDialect, options: SqlTablesOptions): string[] {
  assertDialect(dialect);
  const { tablePrefix = TABLE_PREFIX } = options;
  const table = tableName(dialect, options);
  const indexes = Object.entries(INDEXES).map(([name, columns]) => ({
    index: quoted(dialect, `${tablePrefix}${TABLE}_${name}`),
    of: columns.map((column) => quoted(dialect, column.name)).join(", "),
  }));
  const lines = COLUMNS.map((column) => definition(dialect, column));
  // MySQL has no CREATE INDEX IF NOT EXISTS.
  if (dialect === "mysql") lines.push(...indexes.map(({ index, of }) => `INDEX ${index} (${of})`));
  const create = `CREATE TABLE IF NOT EXISTS ${table} (\n  ${lines.join(",\n  ")}\n)`;
  if (dialect === "mysql") return [`${create} ENGINE=InnoDB`];
  const created = dialect === "postgres" ? `${create} WITH (fillfactor = ${FILL_FACTOR})` : create;
  return [created, ...indexes.map(({ index, of }) => `CREATE INDEX IF NOT EXISTS ${index} ON ${table} (${of})`)];
}

/**
 * The table's name in a statement: quoted, with its prefix and schema. @throws TypeError for other characters than
 * those allowed
 */
export function tableName(dialect: SqlDialect, options: SqlTablesOptions): string {
  const { tablePrefix: prefix = TABLE_PREFIX, schema } = options;
  if (typeof prefix !== "string" || !/^[\w-]*$/.test(prefix))
    throw new TypeError(`tablePrefix must consist of letters, digits, _ and -, but it is ${given(prefix)}`);
  const name = quoted(dialect, `${prefix}${TABLE}`);
  if (schema === undefined) return name;
  if (dialect === "sqlite") throw new TypeError("schema is for PostgreSQL and MySQL; SQLite has none");
  if (typeof schema !== "string" || !/^[\w-]+$/.test(schema))
    throw new TypeError(`schema must consist of letters, digits, _ and -, but it is ${given(schema)}`);
  return `${quoted(dialect, schema)}.${name}`;
}

/** A quoted name. It contains no characters that need escaping. */
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
 * MySQL and MariaDB treat "Ann", "ann", "änn" and "Ann " as equal unless they are bytes. Their `text` ends at 64 KB and
 * has the character set of the database.
 */
function mysqlType({ type, length }: Column): string {
  if (type === "number") return "bigint";
  return type === "exact" ? `varbinary(${length})` : "mediumtext CHARACTER SET utf8mb4";
}
