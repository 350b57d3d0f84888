export type { SqlDatabase, SqlDialect, SqlRow, SqlValue } from "./database.js";
export { ddl, type SqlTablesOptions } from "./ddl.js";
export { type BetterSqlite3Like, betterSqlite3 } from "./drivers/better-sqlite3.js";
export { type DrizzleLike, type DrizzleServerLike, type DrizzleSqliteLike, drizzle } from "./drivers/drizzle.js";
export { type KnexLike, type KnexQueryLike, knex } from "./drivers/knex.js";
export { type KyselyLike, kysely } from "./drivers/kysely.js";
export { type LibsqlLike, libsql } from "./drivers/libsql.js";
export {
  type Mysql2CallbackPool,
  type Mysql2Connection,
  type Mysql2Like,
  type Mysql2PromisePool,
  mysql2,
} from "./drivers/mysql2.js";
export { type NodeSqliteLike, nodeSqlite } from "./drivers/node-sqlite.js";
export { type PgConnection, type PgLike, pg } from "./drivers/pg.js";
export { type PrismaLike, prisma } from "./drivers/prisma.js";
export { type SequelizeLike, sequelize } from "./drivers/sequelize.js";
export { type Sqlite3Like, sqlite3 } from "./drivers/sqlite3.js";
export { type TypeOrmLike, typeorm } from "./drivers/typeorm.js";
export type { SqlStoreOptions } from "./options.js";
export { SqlStore } from "./sql-store.js";
