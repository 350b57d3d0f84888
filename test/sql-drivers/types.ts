// Checks that each function accepts the drivers' own types.
import type { Client } from "@libsql/client";
import type { BetterSQLite3Database } from "drizzle-orm/better-sqlite3";
import type { LibSQLDatabase } from "drizzle-orm/libsql";
import type { MySql2Database } from "drizzle-orm/mysql2";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { PgliteDatabase } from "drizzle-orm/pglite";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { Knex } from "knex";
import type { Kysely } from "kysely";
import {
  drizzle,
  knex,
  kysely,
  libsql,
  mysql2,
  pg,
  prisma,
  type SqlDatabase,
  sequelize,
  sqlite3,
  typeorm,
} from "latchkey/stores/sql";
import type { Pool } from "mysql2";
import type { Pool as PromisePool } from "mysql2/promise";
import type { Pool as PgPool } from "pg";
import type { Sequelize } from "sequelize";
import type { Database } from "sqlite3";
import type { DataSource } from "typeorm";
import type { DataSource as DataSource03 } from "typeorm03";
import type { PrismaClient } from "./generated/postgresql/index.js";

interface Schema {
  users: { id: string };
}

export function databases(given: {
  client: Client;
  dataSource: DataSource;
  dataSource03: DataSource03;
  db: Kysely<Schema>;
  knex: Knex;
  mysql: Pool;
  mysqlPromise: PromisePool;
  pg: PgPool;
  prisma: PrismaClient;
  sequelize: Sequelize;
  sqlite3: Database;
  sqliteDrizzle: BetterSQLite3Database<Record<string, never>>;
  libsqlDrizzle: LibSQLDatabase;
  mysqlDrizzle: MySql2Database;
  pgDrizzle: NodePgDatabase | PgliteDatabase | PostgresJsDatabase;
}): SqlDatabase[] {
  return [
    drizzle(given.libsqlDrizzle, "sqlite"),
    drizzle(given.mysqlDrizzle, "mysql"),
    drizzle(given.pgDrizzle, "postgres"),
    drizzle(given.sqliteDrizzle, "sqlite"),
    knex(given.knex),
    kysely(given.db, "postgres"),
    libsql(given.client),
    mysql2(given.mysql),
    mysql2(given.mysqlPromise),
    pg(given.pg),
    prisma(given.prisma, "postgres"),
    sequelize(given.sequelize),
    sqlite3(given.sqlite3),
    typeorm(given.dataSource),
    typeorm(given.dataSource03),
  ];
}

declare const pool: PgPool;
declare const client: Awaited<ReturnType<PgPool["connect"]>>;
declare const promised: PromisePool;
export const wrong: SqlDatabase[] = [
  // @ts-expect-error A connection is not a pool.
  pg(client),
  // @ts-expect-error This pool is from another driver.
  mysql2(pool),
  // @ts-expect-error This pool is from another driver too.
  pg(promised),
];
