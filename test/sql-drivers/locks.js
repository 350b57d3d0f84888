import { spawn } from "node:child_process";
import { once } from "node:events";
import mysql from "mysql2/promise";
import pg from "pg";

/**
 * Locks the session "locked" with another connection.
 *
 * @param {"sqlite" | "postgres" | "mysql"} dialect
 * @param {string} place the file or URL of the database
 * @param {import("latchkey/stores/sql").SqlDatabase} database is set to fail at once instead of waiting
 * @returns {Promise<{ statement: string, release: () => unknown }>} a statement that fails until `release` is called
 */
export async function holdLock(dialect, place, database) {
  const row = "SELECT id FROM latchkey_sessions WHERE id = 'locked' FOR UPDATE";
  if (dialect === "sqlite") {
    await database.all("PRAGMA busy_timeout = 0", [], 1000);
    return { statement: "SELECT id FROM latchkey_sessions", release: await onSqlite(place) };
  }
  const [other, end] = dialect === "postgres" ? await onPostgres(place) : await onMariaDb(place);
  await other.query(dialect === "postgres" ? "BEGIN" : "START TRANSACTION");
  await other.query(row);
  return { statement: `${row} NOWAIT`, release: end };
}

/** Uses another process, because two copies of SQLite in one process do not see each other's file locks. */
async function onSqlite(file) {
  const program = `
    import sqlite3 from "sqlite3";
    const db = new sqlite3.Database(${JSON.stringify(file)});
    db.exec("BEGIN EXCLUSIVE", (error) => console.log(error ?? "locked"));
    setInterval(() => db, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await Promise.race([once(child.stdout, "data"), ended]);
  return async () => {
    child.kill();
    await ended;
  };
}

async function onPostgres(connectionString) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  return [client, () => client.end()];
}

async function onMariaDb(uri) {
  const connection = await mysql.createConnection({ uri });
  return [connection, () => connection.end()];
}
