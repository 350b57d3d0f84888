import {
  type DataSource,
  EntitySchema,
  type EntitySchemaColumnOptions,
  type MigrationInterface,
  type QueryRunner,
  Table,
  type TableColumnOptions,
} from "typeorm";
import { COLUMNS, type Column, INDEXES, TABLE, TABLE_PREFIX } from "../sql/columns.js";

type DatabaseType = DataSource["options"]["type"];

/** Options for the table. */
export interface LatchkeyEntitiesOptions {
  /** The data source's `type`. On MySQL and MariaDB, the columns need other types to compare ids exactly. */
  type?: DatabaseType;
  /** The table's name, `sessions`, begins with this. @default "latchkey_" */
  tablePrefix?: string;
}

/** The table of sessions and remembered browsers, for a data source's `entities`. */
export function latchkeyEntities({ type, tablePrefix = TABLE_PREFIX }: LatchkeyEntitiesOptions = {}): EntitySchema[] {
  const tableName = `${tablePrefix}${TABLE}`;
  const columns = COLUMNS.map((column) => [column.property, entityColumn(column, type)]);
  const indices = Object.entries(INDEXES).map(([name, indexed]) => ({
    name: `${tableName}_${name}`,
    columns: indexed.map(({ property }) => property),
  }));
  return [new EntitySchema({ name: entityName(tableName), tableName, columns: Object.fromEntries(columns), indices })];
}

/** The migration that creates the table, for a data source's `migrations`. */
export class CreateLatchkeyTables1700000000000 implements MigrationInterface {
  /** TypeORM orders migrations by the number at the end. */
  name = "CreateLatchkeyTables1700000000000";
  protected tablePrefix: string = TABLE_PREFIX;

  async up(runner: QueryRunner): Promise<void> {
    const { type } = runner.connection.options;
    const name = `${this.tablePrefix}${TABLE}`;
    const indices = Object.entries(INDEXES).map(([index, indexed]) => ({
      name: `${name}_${index}`,
      columnNames: indexed.map((column) => column.name),
    }));
    const columns = COLUMNS.map((column) => tableColumn(column, type));
    await runner.createTable(new Table({ name: prefixed(runner, name), columns, indices }), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(prefixed(runner, `${this.tablePrefix}${TABLE}`), true);
  }
}

/** What TypeORM calls the rows of a table. */
export function entityName(tableName: string): string {
  return `Latchkey:${tableName}`;
}

/** A table's name with the data source's own `entityPrefix` before it, as the entity has it. */
function prefixed({ connection }: QueryRunner, name: string): string {
  const { entityPrefix } = connection.options;
  return entityPrefix ? connection.namingStrategy.prefixTableName(entityPrefix, name) : name;
}

function isMySql(type: DatabaseType | undefined): boolean {
  return type === "mysql" || type === "mariadb";
}

function entityColumn(column: Column, type: DatabaseType | undefined): EntitySchemaColumnOptions {
  const { name, length, primary = false, nullable = false } = column;
  const options = { name, primary, nullable, ...(length ? { length } : {}), ...columnType(column, type) };
  if (column.type === "number") return { ...options, transformer: { from: Number, to: (value: number) => value } };
  if (options.type !== "varbinary") return options;
  const fromBytes = (value: Buffer | string | null) => (Buffer.isBuffer(value) ? value.toString() : value);
  return { ...options, transformer: { from: fromBytes, to: (value: string | null) => value } };
}

function tableColumn(column: Column, type: DatabaseType): TableColumnOptions {
  const { name, length, primary = false, nullable = false } = column;
  const sized = length ? { length: String(length) } : {};
  return { name, isPrimary: primary, isNullable: nullable, ...sized, ...columnType(column, type) };
}

/**
 * MySQL and MariaDB treat "Ann", "ann", "änn" and "Ann " as equal unless they are bytes. Their `text` ends at 64 KB and
 * has the character set of the database.
 */
function columnType(column: Column, type: DatabaseType | undefined) {
  if (column.type === "number") return { type: "bigint" as const };
  if (column.type === "exact") return { type: isMySql(type) ? ("varbinary" as const) : ("varchar" as const) };
  return isMySql(type) ? { type: "mediumtext" as const, charset: "utf8mb4" } : { type: "text" as const };
}
