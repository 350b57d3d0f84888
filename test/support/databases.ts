import { randomUUID } from "node:crypto";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { refuseInQuickTier } from "./tier.js";

/** Where the servers are; the tests make databases of their own there. */
const POSTGRES = process.env.POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const MARIADB = process.env.MARIADB_URL ?? "mysql://root@127.0.0.1:3306/";

/** A database of a test's own. */
export interface Database {
  url: string;
  drop(): Promise<void>;
}

type Kind = "postgres" | "mariadb";

/** Rejects when the server cannot be reached. */
export const query: Record<Kind, (sql: string) => Promise<void>> = {
  async postgres(sql) {
    refuseInQuickTier("PostgreSQL");
    const client = new pg.Client({ connectionString: POSTGRES, connectionTimeoutMillis: 60_000 });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  },
  async mariadb(sql) {
    refuseInQuickTier("MariaDB");
    const connection = await createConnection({ uri: MARIADB, connectTimeout: 60_000 });
    await connection.query(sql).finally(() => connection.end());
  },
};

const made = new Set<Database>();

/** Makes a database on the server of this kind. */
export async function makeDatabase(kind: Kind): Promise<Database> {
  const name = `latchkey_test_${randomUUID().replaceAll("-", "_")}`;
  await query[kind](`CREATE DATABASE ${name}`);
  const url = new URL(kind === "postgres" ? POSTGRES : MARIADB);
  url.pathname = `/${name}`;
  const database: Database = {
    url: url.href,
    async drop() {
      made.delete(database);
      await query[kind](`DROP DATABASE IF EXISTS ${name}${kind === "postgres" ? " WITH (FORCE)" : ""}`);
    },
  };
  made.add(database);
  return database;
}

/** Drops every database that was made here and is left. */
export async function dropDatabases(): Promise<void> {
  await Promise.all([...made].map((database) => database.drop()));
}
