import { type Column, INDEXED, TABLE_PREFIX, TABLES } from "./columns.js";
import { assertDialect, type SqlDialect } from "./database.js";
import { given } from "./given.js";

/** Where the tables are. */
export interface SqlTablesOptions {
  /** The table names begin with this: letters, digits, `_` and `-`. @default "latchkey_" */
  tablePrefix?: string | undefined;
  /** The schema of the tables on PostgreSQL, or their database on MySQL. It must exist. @default the one of the connection */
  schema?: string | undefined;
}

/**
 * The statements that create the tables and their indexes if they are missing, as text for a migration of your own.
 * `SqlStore.migrate()` runs the same statements.
 *
 * @throws TypeError for an unknown dialect, or a prefix or schema with other characters than letters, digits, `_` and `-`
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
  return Object.entries(TABLES).flatMap(([table, columns]) => {
    const name = tableName(dialect, table, options);
    const indexes = INDEXED.map((column) => ({
      index: quoted(dialect, `${tablePrefix}${table}_${column.name}`),
      column: quoted(dialect, column.name),
    }));
    const lines = columns.map((column) => definition(dialect, column));
    // MySQL has no CREATE INDEX IF NOT EXISTS.
    const inside = dialect === "mysql" ? indexes.map(({ index, column }) => `INDEX ${index} (${column})`) : [];
    const create = `CREATE TABLE IF NOT EXISTS ${name} (\n  ${[...lines, ...inside].join(",\n  ")}\n)`;
    if (dialect === "mysql") return [`${create} ENGINE=InnoDB`];
    return [
      create,
      ...indexes.map(({ index, column }) => `CREATE INDEX IF NOT EXISTS ${index} ON ${name} (${column})`),
    ];
  });
}

/** The name of a table in a statement: quoted, with its prefix and schema. @throws TypeError for other characters than those allowed */
export function tableName(dialect: SqlDialect, table: string, options: SqlTablesOptions): string {
  const { tablePrefix: prefix = TABLE_PREFIX, schema } = options;
  if (typeof prefix !== "string" || !/^[\w-]*$/.test(prefix))
    throw new TypeError(`tablePrefix must consist of letters, digits, _ and -, but it is ${given(prefix)}`);
  const name = quoted(dialect, `${prefix}${table}`);
  if (schema === undefined) return name;
  if (dialect === "sqlite") throw new TypeError("schema is for PostgreSQL and MySQL; SQLite has none");
  if (typeof schema !== "string" || !/^[\w-]+$/.test(schema))
    throw new TypeError(`schema must consist of letters, digits, _ and -, but it is ${given(schema)}`);
  return `${quoted(dialect, schema)}.${name}`;
}

/** A name in a statement. It has none of the characters that would have to be escaped. */
export function quoted(dialect: SqlDialect, name: string): string {
  return dialect === "mysql" ? `\`${name}\`` : `"${name}"`;
}

function definition(dialect: SqlDialect, column: Column): string {
  const { name, primary = false, nullable = false } = column;
  const type = dialect === "mysql" ? mysqlType(column) : standardType(column);
  return `${quoted(dialect, name)} ${type}${primary ? " PRIMARY KEY" : ""}${nullable ? "" : " NOT NULL"}`;
}

function standardType({ kind, length }: Column): string {
  if (kind === "number") return "bigint";
  return kind === "exact" ? `varchar(${length})` : "text";
}

/**
 * MySQL and MariaDB treat "Ann", "ann", "änn" and "Ann " as equal unless they are bytes. Their `text` ends at 64 KB and has the
 * character set of the database.
 */
function mysqlType({ kind, length }: Column): string {
  if (kind === "number") return "bigint";
  return kind === "exact" ? `varbinary(${length})` : "mediumtext CHARACTER SET utf8mb4";
}
