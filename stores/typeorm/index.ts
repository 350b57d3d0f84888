import type { DataSource } from "typeorm";
import { COLUMNS, TABLE, TABLE_PREFIX } from "../sql/columns.js";
import type { SqlTablesOptions } from "../sql/ddl.js";
import { typeorm } from "../sql/drivers/typeorm.js";
import { SqlStore } from "../sql/sql-store.js";
import { entityName } from "./schema.js";

export {
  CreateLatchkeyTables1700000000000,
  type LatchkeyEntitiesOptions,
  latchkeyEntities,
} from "./schema.js";

/** Options of the TypeOrmStore. */
export interface TypeOrmStoreOptions {
  /**
   * An initialized data source. Its `entities` must include the result of `latchkeyEntities({ type, tablePrefix })`.
   * The store neither opens nor closes it.
   */
  dataSource: DataSource;
  /** The prefix of the table's name, which ends with `sessions`. @default "latchkey_" */
  tablePrefix?: string;
  /** How often expired rows are removed, in milliseconds, with random jitter. `close()` stops it. @default never */
  pruneEvery?: number;
}

/**
 * Keeps sessions and remembered browsers in one table of SQLite, PostgreSQL, MySQL or MariaDB, through TypeORM 1.x or
 * 0.3. It is a SqlStore on the table of `latchkeyEntities()`. With replication, it uses the master.
 */
export class TypeOrmStore extends SqlStore {
  /** @throws TypeError if the data source is not initialized, or does not have the entities of `latchkeyEntities()` */
  constructor({ dataSource, tablePrefix = TABLE_PREFIX, pruneEvery }: TypeOrmStoreOptions) {
    if (!dataSource?.isInitialized) throw new TypeError("dataSource must be an initialized DataSource");
    super(typeorm(dataSource), { ...tableOf(dataSource, `${tablePrefix}${TABLE}`), pruneEvery });
  }
}

/**
 * Returns the prefix and the schema of the table. The data source may have its own `entityPrefix`, schema and naming
 * strategy.
 */
function tableOf(dataSource: DataSource, name: string): SqlTablesOptions {
  if (!dataSource.hasMetadata(entityName(name)))
    throw new TypeError(`dataSource does not know the table ${name}: add latchkeyEntities() to its entities`);
  const metadata = dataSource.getMetadata(entityName(name));
  const { tableName, schema } = metadata;
  const isRenamed = COLUMNS.some((column) => {
    return metadata.findColumnWithPropertyName(column.property)?.databaseName !== column.name;
  });
  if (isRenamed || !tableName.endsWith(TABLE))
    throw new TypeError(`the naming strategy of dataSource must not rename the table ${name} or its columns`);
  return { tablePrefix: tableName.slice(0, -TABLE.length), ...(schema ? { schema } : {}) };
}
