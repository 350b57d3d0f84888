import { access, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { PeerMissingError } from "../../src/store/peer-errors.js";
import type { SqlDatabase } from "../sql/database.js";
import { type BetterSqlite3Like, betterSqlite3 } from "../sql/drivers/better-sqlite3.js";
import { type NodeSqliteLike, nodeSqlite } from "../sql/drivers/node-sqlite.js";
import { type Sqlite3Like, sqlite3 } from "../sql/drivers/sqlite3.js";
import { Statements } from "../sql/statements.js";
import { openingError } from "./failure.js";
import type { OpenOptions, OpenStore } from "./open-store.js";
import { readParameters } from "./parameters.js";
import { installed } from "./peer.js";
import { openSqlStore, SQL_PARAMETERS } from "./sql.js";
import { readFileUrl, type StoreUrl } from "./url.js";

/** An open database file. */
interface SqliteFile {
  database: SqlDatabase;
  close(): void | Promise<void>;
}

/** How long a statement waits while another process holds the lock, in milliseconds. */
const TIMEOUT = 5000;

/** Opens a store in a SQLite file. It uses the first of better-sqlite3, node:sqlite and sqlite3 that is installed. */
export async function openSqlite(given: string, options: OpenOptions): Promise<OpenStore> {
  const url = readFileUrl(given);
  const { timeout = TIMEOUT, ...parameters } = readParameters(url, SQL_PARAMETERS);
  if (url.path === "") throw new TypeError('the store\'s URL must name a file after "sqlite:", or ":memory:"');
  const open = (await withBetterSqlite3()) ?? (await withNodeSqlite()) ?? (await withSqlite3());
  if (!open) throw new PeerMissingError("better-sqlite3");
  const { database, close } = await openFile(open, url, timeout, options);
  return openSqlStore(
    database,
    { close, connections: () => ({ open: 1, waiting: 0 }) },
    { ...parameters, timeout },
    url,
    options,
  );
}

type Opener = (file: string) => SqliteFile | Promise<SqliteFile>;

async function withBetterSqlite3(): Promise<Opener | null> {
  type Class = new (file: string) => BetterSqlite3Like & { close(): void };
  const Database = await installed<Class>("better-sqlite3");
  return (
    Database &&
    ((file) => {
      const db = new Database(file);
      return { database: betterSqlite3(db), close: () => db.close() };
    })
  );
}

/** Node.js 22 and later versions have node:sqlite. */
async function withNodeSqlite(): Promise<Opener | null> {
  type Module = { DatabaseSync: new (file: string) => NodeSqliteLike & { close(): void } };
  const module = await installed<Module>("node:sqlite");
  return (
    module &&
    ((file) => {
      const db = new module.DatabaseSync(file);
      return { database: nodeSqlite(db), close: () => db.close() };
    })
  );
}

async function withSqlite3(): Promise<Opener | null> {
  type Done = (error: Error | null) => void;
  type Module = { Database: new (file: string, opened: Done) => Sqlite3Like & { close(closed: Done): void } };
  const module = await installed<Module>("sqlite3");
  return (
    module &&
    ((file) =>
      new Promise((resolve, reject) => {
        const db = new module.Database(file, (error) => {
          if (error) return reject(error);
          resolve({ database: sqlite3(db), close: () => new Promise<void>((closed) => db.close(() => closed())) });
        });
      }))
  );
}

async function openFile(open: Opener, url: StoreUrl, timeout: number, { upkeep }: OpenOptions): Promise<SqliteFile> {
  let file: SqliteFile | undefined;
  try {
    if (!upkeep)
      await access(url.path); // check first, because the driver would create the file
    else if (url.path !== ":memory:") await mkdir(dirname(url.path), { recursive: true });
    file = await open(url.path);
    // If another process runs this statement at the same time, SQLite rejects it, so it may need several tries.
    await new Statements(file.database, timeout).all("PRAGMA journal_mode = WAL", []);
    return file;
  } catch (error) {
    await file?.close();
    throw openingError(error, url);
  }
}
