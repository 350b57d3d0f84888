import {
  type DataSource,
  EntitySchema,
  type EntitySchemaColumnOptions,
  type MigrationInterface,
  type ObjectLiteral,
  type QueryRunner,
  Table,
  type TableColumnOptions,
} from "typeorm";

type DatabaseType = DataSource["options"]["type"];

/** What the rows of both tables have in common. */
export interface ListedRow extends ObjectLiteral {
  id: string;
  userId: string | null;
  data: string;
  createdAt: number;
  expiresAt: number;
}

/** One row of the table of sessions. */
export interface SessionRow extends ListedRow {
  lastSeenAt: number;
  revision: number;
}

/** One row of the table of remembered browsers. */
export interface RememberTokenRow extends ListedRow {
  userId: string;
  tokenHash: string;
}

/** Before the tables' names where nothing else is said. */
export const TABLE_PREFIX = "latchkey_";

/** A column: an id or a hash, compared exactly, of at most so many bytes; text of any length; or a whole number. */
interface Column {
  property: string;
  name: string;
  kind: "exact" | "text" | "number";
  length?: number;
  primary?: boolean;
  nullable?: boolean;
}

const ID: Column = { property: "id", name: "id", kind: "exact", length: 64, primary: true };
/** 255 characters of up to four bytes. */
const USER_ID: Column = { property: "userId", name: "user_id", kind: "exact", length: 1020 };
const TOKEN_HASH: Column = { property: "tokenHash", name: "token_hash", kind: "exact", length: 64 };
const DATA: Column = { property: "data", name: "data", kind: "text" };
const CREATED_AT: Column = { property: "createdAt", name: "created_at", kind: "number" };
const LAST_SEEN_AT: Column = { property: "lastSeenAt", name: "last_seen_at", kind: "number" };
const EXPIRES_AT: Column = { property: "expiresAt", name: "expires_at", kind: "number" };
const REVISION: Column = { property: "revision", name: "revision", kind: "number" };

/** The tables, by their names without the prefix. */
const TABLES = {
  sessions: [ID, { ...USER_ID, nullable: true }, DATA, CREATED_AT, LAST_SEEN_AT, EXPIRES_AT, REVISION],
  remember_tokens: [ID, USER_ID, TOKEN_HASH, DATA, CREATED_AT, EXPIRES_AT],
};
const INDEXED = [USER_ID, EXPIRES_AT];

/** How the tables are made. */
export interface LatchkeyEntitiesOptions {
  /** The data source's `type`: MySQL and MariaDB must be told to compare ids exactly. */
  type?: DatabaseType;
  /** Before the tables' names. @default "latchkey_" */
  tablePrefix?: string;
}

/** The tables of sessions and of remembered browsers, for a data source's `entities`. */
export function latchkeyEntities({ type, tablePrefix = TABLE_PREFIX }: LatchkeyEntitiesOptions = {}): EntitySchema[] {
  return Object.entries(TABLES).map(([table, columns]) => {
    const tableName = `${tablePrefix}${table}`;
    return new EntitySchema({
      name: entityName(tableName),
      tableName,
      columns: Object.fromEntries(columns.map((column) => [column.property, entityColumn(column, type)])),
      indices: INDEXED.map(({ name, property }) => ({ name: `${tableName}_${name}`, columns: [property] })),
    });
  });
}

/** The migration that makes the tables, for a data source's `migrations`. */
export class CreateLatchkeyTables1700000000000 implements MigrationInterface {
  /** TypeORM orders migrations by the number at the end. */
  name = "CreateLatchkeyTables1700000000000";
  protected tablePrefix: string = TABLE_PREFIX;

  async up(runner: QueryRunner): Promise<void> {
    const { type } = runner.connection.options;
    for (const [table, columns] of Object.entries(TABLES)) {
      const name = `${this.tablePrefix}${table}`;
      const indices = INDEXED.map((column) => ({ name: `${name}_${column.name}`, columnNames: [column.name] }));
      const made = new Table({ name, columns: columns.map((column) => tableColumn(column, type)), indices });
      await runner.createTable(made, true);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of Object.keys(TABLES).reverse()) await runner.dropTable(`${this.tablePrefix}${table}`, true);
  }
}

/** What TypeORM calls the rows of a table. */
export function entityName(tableName: string): string {
  return `Latchkey:${tableName}`;
}

export function isMySql(type: DatabaseType | undefined): boolean {
  return type === "mysql" || type === "mariadb";
}

function entityColumn(column: Column, type: DatabaseType | undefined): EntitySchemaColumnOptions {
  const { name, kind, length, primary = false, nullable = false } = column;
  const options = { name, primary, nullable, ...(length ? { length } : {}), ...columnType(kind, type) };
  if (kind === "number") return { ...options, transformer: { from: Number, to: (value: number) => value } };
  if (options.type !== "varbinary") return options;
  const fromBytes = (value: Buffer | string | null) => (Buffer.isBuffer(value) ? value.toString() : value);
  return { ...options, transformer: { from: fromBytes, to: (value: string | null) => value } };
}

function tableColumn(column: Column, type: DatabaseType): TableColumnOptions {
  const { name, kind, length, primary = false, nullable = false } = column;
  const sized = length ? { length: String(length) } : {};
  return { name, isPrimary: primary, isNullable: nullable, ...sized, ...columnType(kind, type) };
}

/**
 * MySQL and MariaDB take "Ann", "ann", "änn" and "Ann " for the same unless they are bytes. Their `text` ends at 64 KB, and follows
 * the database's own character set.
 */
function columnType(kind: Column["kind"], type: DatabaseType | undefined) {
  if (kind === "number") return { type: "bigint" as const };
  if (kind === "exact") return { type: isMySql(type) ? ("varbinary" as const) : ("varchar" as const) };
  return isMySql(type) ? { type: "mediumtext" as const, charset: "utf8mb4" } : { type: "text" as const };
}
