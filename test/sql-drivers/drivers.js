import { createClient } from "@libsql/client";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { PrismaMariaDb } from "@prisma/adapter-mariadb";
import { PrismaPg } from "@prisma/adapter-pg";
import Database from "better-sqlite3";
import { drizzle as drizzleSqlite } from "drizzle-orm/better-sqlite3";
import { drizzle as drizzleLibsql } from "drizzle-orm/libsql";
import { drizzle as drizzleMysql } from "drizzle-orm/mysql2";
import { drizzle as drizzlePg } from "drizzle-orm/node-postgres";
import Knex from "knex";
import { CamelCasePlugin, Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from "kysely";
import * as sql from "latchkey/stores/sql";
import callbackMysql from "mysql2";
import mysql from "mysql2/promise";
import pg from "pg";
import { Sequelize } from "sequelize";
import sqlite3 from "sqlite3";
import * as typeorm from "typeorm";
import * as typeorm03 from "typeorm03";
import { PrismaClient as MysqlPrisma } from "./generated/mysql/index.js";
import { PrismaClient as PgPrisma } from "./generated/postgresql/index.js";
import { PrismaClient as SqlitePrisma } from "./generated/sqlite/index.js";

const WITHOUT_FOUND_ROWS = ["-FOUND_ROWS"];
/** The module node:sqlite, or null if this version of Node does not have it. */
const nodeSqlite = await import("node:sqlite").catch(() => null);

/** A pool of pg. It ignores errors, because end() does not wait until the server has closed the connections. */
function pgPool(url) {
  const pool = new pg.Pool({ connectionString: url });
  pool.on("error", () => {});
  return pool;
}

const snakeCase = (name, quote) => quote(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
const camelCase = (row) =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase()), value]),
  );
/** The same mapping as `knexSnakeCaseMappers()` of objection. */
const mappers = {
  wrapIdentifier: snakeCase,
  postProcessResponse: (result) =>
    Array.isArray(result?.rows) ? Object.assign(result, { rows: result.rows.map(camelCase) }) : result,
};

function openKnex(config) {
  const db = Knex(config);
  return { database: sql.knex(db), close: () => db.destroy() };
}

function openKysely(kyselyDialect, dialect, plugins = []) {
  const db = new Kysely({ dialect: kyselyDialect, plugins });
  return { database: sql.kysely(db, dialect), close: () => db.destroy() };
}

function openPrisma(prisma, dialect) {
  return { database: sql.prisma(prisma, dialect), close: () => prisma.$disconnect() };
}

function openSequelize(url, options) {
  const sequelize = new Sequelize(url, { logging: false, ...options });
  return { database: sql.sequelize(sequelize), close: () => sequelize.close() };
}

async function openTypeOrm({ DataSource }, options) {
  const dataSource = await new DataSource(options).initialize();
  return { database: sql.typeorm(dataSource), close: () => dataSource.destroy() };
}

function openMysql2(pool, end = () => pool.end()) {
  return { database: sql.mysql2(pool), close: end };
}

/**
 * The drivers and query builders. `open` accepts the path of a file, or the URL of a database on a server.
 *
 * @type {Array<{ name: string, dialect: "sqlite" | "postgres" | "mysql", missing?: string, open(place: string): unknown }>}
 */
export const DRIVERS = [
  {
    name: "better-sqlite3",
    dialect: "sqlite",
    open(file) {
      const db = new Database(file);
      return { database: sql.betterSqlite3(db), close: () => db.close() };
    },
  },
  {
    name: "better-sqlite3 with safe integers",
    dialect: "sqlite",
    open(file) {
      const db = new Database(file).defaultSafeIntegers();
      return { database: sql.betterSqlite3(db), close: () => db.close() };
    },
  },
  {
    name: "node:sqlite",
    dialect: "sqlite",
    missing: nodeSqlite ? undefined : "needs Node 22 or newer",
    open(file) {
      const db = new nodeSqlite.DatabaseSync(file);
      return { database: sql.nodeSqlite(db), close: () => db.close() };
    },
  },
  {
    name: "sqlite3",
    dialect: "sqlite",
    open(file) {
      const db = new sqlite3.Database(file);
      return { database: sql.sqlite3(db), close: () => new Promise((closed) => db.close(closed)) };
    },
  },
  {
    name: "libsql on a file",
    dialect: "sqlite",
    open(file) {
      const client = createClient({ url: `file:${file}` });
      return { database: sql.libsql(client), close: () => client.close() };
    },
  },
  {
    name: "pg",
    dialect: "postgres",
    open(url) {
      const pool = pgPool(url);
      return { database: sql.pg(pool), close: () => pool.end() };
    },
  },
  { name: "mysql2", dialect: "mysql", open: (uri) => openMysql2(mysql.createPool({ uri })) },
  {
    name: "mysql2 without FOUND_ROWS",
    dialect: "mysql",
    open: (uri) => openMysql2(mysql.createPool({ uri, flags: WITHOUT_FOUND_ROWS })),
  },
  {
    name: "mysql2 with callbacks",
    dialect: "mysql",
    open(uri) {
      const pool = callbackMysql.createPool({ uri });
      return openMysql2(pool, () => pool.promise().end());
    },
  },
  {
    name: "Knex on better-sqlite3",
    dialect: "sqlite",
    open: (filename) => openKnex({ client: "better-sqlite3", connection: { filename }, useNullAsDefault: true }),
  },
  {
    name: "Knex on sqlite3",
    dialect: "sqlite",
    open: (filename) => openKnex({ client: "sqlite3", connection: { filename }, useNullAsDefault: true }),
  },
  { name: "Knex on pg", dialect: "postgres", open: (connection) => openKnex({ client: "pg", connection }) },
  {
    name: "Knex on pg with names in camelCase",
    dialect: "postgres",
    open: (connection) => openKnex({ client: "pg", connection, ...mappers }),
  },
  { name: "Knex on mysql2", dialect: "mysql", open: (connection) => openKnex({ client: "mysql2", connection }) },
  {
    name: "Kysely on better-sqlite3",
    dialect: "sqlite",
    open: (file) => openKysely(new SqliteDialect({ database: new Database(file) }), "sqlite"),
  },
  {
    name: "Kysely on pg",
    dialect: "postgres",
    open: (url) => openKysely(new PostgresDialect({ pool: pgPool(url) }), "postgres"),
  },
  {
    name: "Kysely on pg with names in camelCase",
    dialect: "postgres",
    open: (url) => openKysely(new PostgresDialect({ pool: pgPool(url) }), "postgres", [new CamelCasePlugin()]),
  },
  {
    name: "Kysely on mysql2",
    dialect: "mysql",
    open: (uri) => openKysely(new MysqlDialect({ pool: callbackMysql.createPool({ uri }) }), "mysql"),
  },
  {
    name: "Kysely on mysql2 without FOUND_ROWS",
    dialect: "mysql",
    open: (uri) =>
      openKysely(new MysqlDialect({ pool: callbackMysql.createPool({ uri, flags: WITHOUT_FOUND_ROWS }) }), "mysql"),
  },
  {
    name: "Drizzle on better-sqlite3",
    dialect: "sqlite",
    open(file) {
      const db = new Database(file);
      return { database: sql.drizzle(drizzleSqlite(db), "sqlite"), close: () => db.close() };
    },
  },
  {
    name: "Drizzle on libsql",
    dialect: "sqlite",
    open(file) {
      const client = createClient({ url: `file:${file}` });
      return { database: sql.drizzle(drizzleLibsql(client), "sqlite"), close: () => client.close() };
    },
  },
  {
    name: "Drizzle on pg",
    dialect: "postgres",
    open(url) {
      const pool = pgPool(url);
      return { database: sql.drizzle(drizzlePg(pool), "postgres"), close: () => pool.end() };
    },
  },
  {
    name: "Drizzle on mysql2",
    dialect: "mysql",
    open(uri) {
      const pool = mysql.createPool({ uri });
      return { database: sql.drizzle(drizzleMysql(pool), "mysql"), close: () => pool.end() };
    },
  },
  {
    name: "Prisma on better-sqlite3",
    dialect: "sqlite",
    open: (file) =>
      openPrisma(new SqlitePrisma({ adapter: new PrismaBetterSqlite3({ url: `file:${file}` }) }), "sqlite"),
  },
  {
    name: "Prisma on pg",
    dialect: "postgres",
    open: (connectionString) => openPrisma(new PgPrisma({ adapter: new PrismaPg({ connectionString }) }), "postgres"),
  },
  {
    name: "Prisma on MariaDB's driver",
    dialect: "mysql",
    open: (url) =>
      openPrisma(new MysqlPrisma({ adapter: new PrismaMariaDb(url.replace("mysql:", "mariadb:")) }), "mysql"),
  },
  {
    name: "Sequelize on sqlite3",
    dialect: "sqlite",
    open: (storage) => openSequelize(`sqlite:${storage}`, { dialectModule: sqlite3 }),
  },
  { name: "Sequelize on pg", dialect: "postgres", open: (url) => openSequelize(url) },
  { name: "Sequelize on mysql2", dialect: "mysql", open: (url) => openSequelize(url) },
  ...[
    ["TypeORM 1.x", typeorm],
    ["TypeORM 0.3", typeorm03],
  ].flatMap(([name, orm]) => [
    {
      name: `${name} on better-sqlite3`,
      dialect: "sqlite",
      open: (database) => openTypeOrm(orm, { type: "better-sqlite3", database }),
    },
    { name: `${name} on pg`, dialect: "postgres", open: (url) => openTypeOrm(orm, { type: "postgres", url }) },
    { name: `${name} on mysql2`, dialect: "mysql", open: (url) => openTypeOrm(orm, { type: "mysql", url }) },
    {
      name: `${name} on mysql2 without FOUND_ROWS`,
      dialect: "mysql",
      open: (url) => openTypeOrm(orm, { type: "mariadb", url, flags: WITHOUT_FOUND_ROWS }),
    },
  ]),
  {
    name: "TypeORM 0.3 on sqlite3",
    dialect: "sqlite",
    open: (database) => openTypeOrm(typeorm03, { type: "sqlite", database }),
  },
];
