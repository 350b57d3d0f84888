import { randomUUID } from "node:crypto";
import mysql from "mysql2/promise";
import pg from "pg";

const POSTGRES = process.env.POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const MARIADB = process.env.MARIADB_URL ?? "mysql://root@127.0.0.1:3306/";

async function onPostgres(sql) {
  const client = new pg.Client({ connectionString: POSTGRES });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

async function onMariaDb(sql) {
  const connection = await mysql.createConnection({ uri: MARIADB });
  await connection.query(sql).finally(() => connection.end());
}

/**
 * Creates a database that only one test uses.
 *
 * @param {"postgres" | "mysql"} dialect
 * @returns {Promise<{ url: string, drop: () => Promise<void> }>}
 */
export async function makeDatabase(dialect) {
  const name = `latchkey_sql_${randomUUID().replaceAll("-", "_")}`;
  const [server, query, force] =
    dialect === "postgres" ? [POSTGRES, onPostgres, " WITH (FORCE)"] : [MARIADB, onMariaDb, ""];
  await query(`CREATE DATABASE ${name}`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  return { url, drop: () => query(`DROP DATABASE IF EXISTS ${name}${force}`) };
}
