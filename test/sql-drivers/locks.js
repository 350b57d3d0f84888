import { spawn } from "node:child_process";
import { once } from "node:events";
import mysql from "mysql2/promise";
import pg from "pg";

/**
 * Holds a lock on the session "locked" by a connection of its own.
 *
 * @param {"sqlite" | "postgres" | "mysql"} dialect
 * @param {string} place of the database
 * @param {import("latchkey/stores/sql").SqlDatabase} database which is told not to wait
 * @returns {Promise<{ statement: string, release: () => unknown }>} a statement that fails because of the lock
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

/** In a process of its own: the locks of a file belong to the process, and two copies of SQLite in it do not see each other's. */
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
