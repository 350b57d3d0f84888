import {
  type DataSource,
  EntitySchema,
  type EntitySchemaColumnOptions,
  type MigrationInterface,
  type QueryRunner,
  Table,
  type TableColumnOptions,
} from "typeorm";
import { type Column, INDEXED, TABLE_PREFIX, TABLES } from "../sql/columns.js";

type DatabaseType = DataSource["options"]["type"];

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
      const made = new Table({
        name: prefixed(runner, name),
        columns: columns.map((column) => tableColumn(column, type)),
        indices,
      });
      await runner.createTable(made, true);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of Object.keys(TABLES).reverse())
      await runner.dropTable(prefixed(runner, `${this.tablePrefix}${table}`), true);
  }
}

/** What TypeORM calls the rows of a table. */
export function entityName(tableName: string): string {
  return `Latchkey:${tableName}`;
}

/** A table's name after the data source's own `entityPrefix`, as its entity has it. */
function prefixed({ connection }: QueryRunner, name: string): string {
  const { entityPrefix } = connection.options;
  return entityPrefix ? connection.namingStrategy.prefixTableName(entityPrefix, name) : name;
}

function isMySql(type: DatabaseType | undefined): boolean {
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
