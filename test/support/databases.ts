import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { refuseInQuickTier } from "./tier.js";

/** The URLs of the servers. The tests create their own databases on them. */
const POSTGRES = process.env.POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const MARIADB = process.env.MARIADB_URL ?? "mysql://root@127.0.0.1:3306/";

/** A database that the tests create and drop. */
export interface Database {
  kind: Kind;
  name: string;
  url: string;
  drop(): Promise<void>;
}

export type Kind = "postgres" | "mariadb";

/** Runs a statement on a server. Rejects if the server cannot be reached. */
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

/** Creates a database on the server of this kind. */
export async function makeDatabase(kind: Kind): Promise<Database> {
  const name = `latchkey_test_${randomUUID().replaceAll("-", "_")}`;
  await query[kind](`CREATE DATABASE ${name}`);
  const url = new URL(kind === "postgres" ? POSTGRES : MARIADB);
  url.pathname = `/${name}`;
  const database: Database = {
    kind,
    name,
    url: url.href,
    async drop() {
      made.delete(database);
      await dropDatabase(kind, name);
    },
  };
  made.add(database);
  return database;
}

/** Drops a database, if it exists. */
export async function dropDatabase(kind: Kind, name: string): Promise<void> {
  await query[kind](`DROP DATABASE IF EXISTS ${name}${kind === "postgres" ? " WITH (FORCE)" : ""}`);
}

/** Drops every database that `makeDatabase` created and that still exists. */
export async function dropDatabases(): Promise<void> {
  await Promise.all([...made].map((database) => database.drop()));
}

// A process cannot wait for a database while it exits, so another process drops what is left.
process.on("exit", () => {
  if (made.size === 0) return;
  const names = [...made].map(({ kind, name }) => `${kind}:${name}`);
  execFileSync(process.execPath, [fileURLToPath(new URL("drop-databases.js", import.meta.url)), ...names]);
});
