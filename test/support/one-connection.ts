import { AsyncLocalStorage } from "node:async_hooks";
import { createPool } from "mysql2";
import pg from "pg";
import { backendsHere, shared } from "./backends.js";

/** A pool with one connection. Its callbacks run in the context of the request that opened the connection. */
export interface OneConnection {
  query(done: () => void): void;
  end(): Promise<unknown>;
}

/** Imitates, without a database, a driver whose callbacks do not run in the context of their caller. */
async function openInMemory(): Promise<OneConnection> {
  let opener: ((call: () => void) => void) | undefined;
  return {
    query(done) {
      opener ??= AsyncLocalStorage.snapshot();
      setImmediate(opener, done);
    },
    async end() {},
  };
}

async function openPg(): Promise<OneConnection> {
  const pool = new pg.Pool({ connectionString: (await shared.postgres()).url, max: 1, idleTimeoutMillis: 0 });
  return {
    query: (done) => pool.query("SELECT 1", () => done()),
    end: () => pool.end(),
  };
}

async function openMysql(): Promise<OneConnection> {
  const pool = createPool({ uri: (await shared.mariadb()).url, connectionLimit: 1 });
  return {
    query: (done) => void pool.query("SELECT 1", () => done()),
    end: () => pool.promise().end(),
  };
}

const servers = (await backendsHere("postgres", "mariadb")).map(({ name }) => name);

/** The pools whose servers are available. */
export const connections = [
  { name: "a pool in memory", open: openInMemory },
  ...(servers.includes("postgres") ? [{ name: "pg", open: openPg }] : []),
  ...(servers.includes("mariadb") ? [{ name: "mysql2", open: openMysql }] : []),
];
