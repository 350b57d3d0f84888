import type { SqlDatabase } from "../sql/database.js";
import type { SqlTablesOptions } from "../sql/ddl.js";
import { hasTable } from "../sql/migration.js";
import { SqlStore } from "../sql/sql-store.js";
import { Statements } from "../sql/statements.js";
import type { Connections } from "./connections.js";
import { OPEN_TIMEOUT, openingError } from "./failure.js";
import { noteInside } from "./inside.js";
import type { OpenOptions, OpenStore } from "./open-store.js";
import { duration, type Reader, text } from "./parameters.js";
import type { StoreUrl } from "./url.js";

/** What was opened for a SqlStore. */
export interface OpenedDatabase {
  close(): void | Promise<void>;
  connections(): Connections;
}

/** The URL parameters that every SQL database accepts. */
export const SQL_PARAMETERS: { timeout: Reader<number>; pruneEvery: Reader<number>; tablePrefix: Reader<string> } = {
  timeout: duration,
  pruneEvery: duration,
  tablePrefix: text,
};

/** The values of these parameters and of `schema`. */
export interface SqlParameters {
  timeout?: number;
  pruneEvery?: number;
  tablePrefix?: string;
  schema?: string;
}

/** How long one statement may take, in milliseconds. */
export const TIMEOUT = 2000;
const PRUNE_EVERY = 15 * 60_000;

/**
 * Creates a store on an open database. Unless `upkeep` is false, it creates the tables that are missing, and prunes
 * expired rows regularly. Closing the store also closes the database. If this function fails, it closes the database.
 */
export async function openSqlStore(
  database: SqlDatabase,
  { close, connections }: OpenedDatabase,
  { timeout = TIMEOUT, pruneEvery = PRUNE_EVERY, tablePrefix, schema }: SqlParameters,
  url: StoreUrl,
  { upkeep }: OpenOptions,
): Promise<OpenStore> {
  let store: SqlStore | undefined;
  try {
    store = new SqlStore(database, { timeout, pruneEvery: upkeep ? pruneEvery : undefined, tablePrefix, schema });
    await reach(database, url);
    if (upkeep) await prepare(store, database, { tablePrefix, schema }, url);
  } catch (error) {
    await store?.close();
    await close();
    throw error;
  }
  noteInside(store, { kind: "sql", database, tables: { tablePrefix, schema } });
  const stop = store.close.bind(store);
  let closed: Promise<void> | undefined;
  return Object.assign(store, {
    connections,
    close: () => {
      closed ??= stop().then(close);
      return closed;
    },
  });
}

/** Fails at once if the server is unreachable or rejects the password; migrate() tries again after any error. */
async function reach(database: SqlDatabase, url: StoreUrl): Promise<void> {
  try {
    await new Statements(database, OPEN_TIMEOUT).all("SELECT 1", []);
  } catch (error) {
    throw openingError(error, url);
  }
}

/** Creates what is missing. A store that has its table works without indexes, only more slowly. */
async function prepare(store: SqlStore, database: SqlDatabase, tables: SqlTablesOptions, url: StoreUrl): Promise<void> {
  try {
    await store.migrate();
  } catch (error) {
    if (!(await hasTable(database, tables, OPEN_TIMEOUT))) throw openingError(error, url);
    process.emitWarning(`an index is missing: ${(error as Error).message}`, "LatchkeyStoreWarning");
  }
}
