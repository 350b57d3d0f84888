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

/** Options of `latchkeyEntities`. */
export interface LatchkeyEntitiesOptions {
  /** The data source's `type`. On MySQL and MariaDB, the columns need other types to compare ids exactly. */
  type?: DatabaseType;
  /** The prefix of the table's name, which ends with `sessions`. @default "latchkey_" */
  tablePrefix?: string;
}

/** Returns the table of sessions and remembered browsers as entities, for a data source's `entities`. */
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
  /** TypeORM orders migrations by the number at the end of this name. */
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

/** Returns the TypeORM entity name for a table. */
export function entityName(tableName: string): string {
  return `Latchkey:${tableName}`;
}

/** Returns a table's name with the data source's `entityPrefix`, the same as TypeORM uses for the entity. */
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
 * Returns the type of a column. MySQL and MariaDB treat the texts "Ann", "ann", "änn" and "Ann " as equal, so ids are
 * stored as bytes. Their type `text` is limited to 64 KB and uses the character set of the database.
 */
function columnType(column: Column, type: DatabaseType | undefined) {
  if (column.type === "number") return { type: "bigint" as const };
  if (column.type === "exact") return { type: isMySql(type) ? ("varbinary" as const) : ("varchar" as const) };
  return isMySql(type) ? { type: "mediumtext" as const, charset: "utf8mb4" } : { type: "text" as const };
}
