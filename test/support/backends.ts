import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { MemoryStore, type SessionStore } from "latchkey";
import { type NodeRedisClient, RedisStore } from "latchkey/stores/redis";
import { betterSqlite3, mysql2, pg as pgDatabase, type SqlDatabase, SqlStore } from "latchkey/stores/sql";
import { CreateLatchkeyTables1700000000000, latchkeyEntities, TypeOrmStore } from "latchkey/stores/typeorm";
import { createPool } from "mysql2/promise";
import pg from "pg";
import { createClient, createCluster, createSentinel } from "redis";
import { DataSource } from "typeorm";
import { DataSource as DataSource03 } from "typeorm03";
import { makeDatabase, query } from "./databases.js";
import { startRedis, startRedisCluster, startRedisSentinels } from "./redis-servers.js";
import { isQuick, leaveOut, leaveToTestAll } from "./tier.js";

/** A store with its own table or prefix. */
export interface Opened {
  store: SessionStore;
  /** The connection of the store, for tests that access the database directly. */
  dataSource?: DataSource;
  database?: SqlDatabase;
  client?: NodeRedisClient;
  table?: string;
  prefix?: string;
  /** Runs a statement on the store's database, and returns its rows. */
  query?(sql: string): Promise<Array<Record<string, unknown>>>;
  /** A second store on the same data with its own connection, as another process would have. */
  another?(): Promise<SessionStore>;
  /** Closes the store and its connections. */
  close(): Promise<void>;
}

/** A database or other place where a store keeps its records. */
export interface Backend {
  name: string;
  /** Checks for a server that `npm ci` does not install. Resolves with null, or with the command that installs it. */
  missing?(): Promise<string | null>;
  open(): Promise<Opened>;
}

/** Calls `start` only once in this process, at the first use. */
function once<T>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined;
  return () => {
    started ??= start();
    return started;
  };
}

/** The servers that backends share. Each server starts at its first use and stops when the process ends. */
export const shared = {
  redis: once(startRedis),
  cluster: once(startRedisCluster),
  sentinels: once(startRedisSentinels),
  postgres: once(() => makeDatabase("postgres")),
  mariadb: once(() => makeDatabase("mariadb")),
};

const ifPostgres = async () =>
  (await fails(() => query.postgres("SELECT 1"))) ? "apt-get install postgresql, and set POSTGRES_URL" : null;
const ifMariaDb = async () =>
  (await fails(() => query.mariadb("SELECT 1"))) ? "apt-get install mariadb-server, and set MARIADB_URL" : null;
const redisServer = once(() => fails(() => promisify(execFile)("redis-server", ["--version"])));
const ifRedis = async () => ((await redisServer()) ? "apt-get install redis-server" : null);

/** All backends that latchkey has a store for. */
export const backends: readonly Backend[] = [
  { name: "memory", open: openMemory },
  {
    name: "redis",
    missing: ifRedis,
    async open() {
      const { url } = await shared.redis();
      return openRedis(() => createClient({ url }));
    },
  },
  {
    name: "redis-cluster",
    missing: ifRedis,
    async open() {
      const rootNodes = (await shared.cluster()).nodes.map(({ url }) => ({ url }));
      return openRedis(() => createCluster({ rootNodes }));
    },
  },
  {
    name: "redis-sentinel",
    missing: ifRedis,
    async open() {
      const { name, sentinels } = await shared.sentinels();
      const sentinelRootNodes = sentinels.map(({ port }) => ({ host: "127.0.0.1", port }));
      return openRedis(() => createSentinel({ name, sentinelRootNodes }));
    },
  },
  { name: "sqlite", open: () => openFile(DataSource, { type: "better-sqlite3", enableWAL: true }) },
  {
    name: "sqlite3",
    open: () => openFile(DataSource03 as never, { type: "sqlite", enableWAL: true }),
  },
  {
    name: "postgres",
    missing: ifPostgres,
    open: async () => openTypeOrm(DataSource, { type: "postgres", url: (await shared.postgres()).url }),
  },
  {
    name: "mariadb",
    missing: ifMariaDb,
    open: async () => openTypeOrm(DataSource, { type: "mariadb", url: (await shared.mariadb()).url }),
  },
  { name: "sql on better-sqlite3", open: openSqlFile },
  {
    name: "sql on pg",
    missing: ifPostgres,
    async open() {
      const { url } = await shared.postgres();
      return openSql(() => {
        const pool = new pg.Pool({ connectionString: url });
        pool.on("error", () => {}); // dropping the database may end a connection that is closing
        return { database: pgDatabase(pool), close: () => pool.end() };
      });
    },
  },
  {
    name: "sql on mysql2",
    missing: ifMariaDb,
    async open() {
      const { url: uri } = await shared.mariadb();
      return openSql(() => {
        const pool = createPool({ uri });
        return { database: mysql2(pool), close: () => pool.end() };
      });
    },
  },
];

/** The backends that use SqlStore. */
export const SQL = ["sql on better-sqlite3", "sql on pg", "sql on mysql2"] as const;

/**
 * The backends that tests can run on: all of them, or only those with the given names. `npm test` skips backends that
 * need a server. Other runs skip a backend whose server is missing, except on CI, where its tests fail.
 */
export async function backendsHere(...names: string[]): Promise<Backend[]> {
  const wanted = backends.filter(({ name }) => names.length === 0 || names.includes(name));
  const here = await Promise.all(wanted.map((backend) => (backend.missing ? onServer(backend) : backend)));
  return here.filter((backend) => backend !== null);
}

async function onServer(backend: Backend): Promise<Backend | null> {
  const { name } = backend;
  if (isQuick) {
    leaveToTestAll(name);
    return null;
  }
  const command = await backend.missing!();
  if (command === null) return backend;
  if (process.env.CI) return { name, open: () => Promise.reject(new Error(`${name} is missing: ${command}`)) };
  leaveOut(name, `MISSING: ${command}`);
  return null;
}

async function openMemory(): Promise<Opened> {
  const store = new MemoryStore();
  return { store, close: () => store.close() };
}

type Client = NodeRedisClient & {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
  close(): unknown;
};

async function openRedis(make: () => unknown): Promise<Opened> {
  const connect = () => {
    const client = make() as Client;
    client.on("error", () => {});
    return client;
  };
  const client = connect();
  await client.connect();
  const prefix = `test:${randomUUID()}:`;
  const opened = [client];
  return {
    store: new RedisStore({ client, prefix }),
    client,
    prefix,
    async another() {
      const other = connect();
      opened.push(other);
      await other.connect();
      return new RedisStore({ client: other, prefix });
    },
    close: async () => void (await Promise.all(opened.map((one) => one.close()))),
  };
}

type Options = { type: string; [option: string]: unknown };

async function openFile(Source: typeof DataSource, options: Options): Promise<Opened> {
  const dir = await mkdtemp(join(tmpdir(), "latchkey-sqlite-"));
  const opened = await openTypeOrm(Source, { ...options, database: join(dir, "sessions.db") });
  return {
    ...opened,
    async close() {
      await opened.close();
      await rm(dir, { recursive: true });
    },
  };
}

async function openTypeOrm(Source: typeof DataSource, options: Options) {
  const prefix = `test_${randomUUID().slice(0, 8)}_`;
  class CreateTables1700000000000 extends CreateLatchkeyTables1700000000000 {
    override name = "CreateTables1700000000000";
    override tablePrefix = prefix;
  }
  const connect = () =>
    new Source({
      ...options,
      entities: latchkeyEntities({ tablePrefix: prefix, type: options.type as never }),
      migrations: [CreateTables1700000000000],
      migrationsTableName: `${prefix}migrations`,
    } as never).initialize();
  const dataSource = await connect();
  await dataSource.runMigrations();
  const store = new TypeOrmStore({ dataSource, tablePrefix: prefix });
  const opened = [dataSource];
  return {
    store,
    dataSource,
    query: (sql: string) => dataSource.query(sql),
    table: `${prefix}sessions`,
    async another() {
      const other = await connect();
      opened.push(other);
      return new TypeOrmStore({ dataSource: other, tablePrefix: prefix });
    },
    async close() {
      await store.close();
      for (const one of opened) await one.destroy();
    },
  };
}

/** A database, and a function that closes its connections. */
interface Connected {
  database: SqlDatabase;
  close(): unknown;
}

async function openSqlFile(): Promise<Opened> {
  const dir = await mkdtemp(join(tmpdir(), "latchkey-sqlite-"));
  const opened = await openSql(() => {
    const db = new Database(join(dir, "sessions.db"));
    db.pragma("journal_mode = WAL");
    return { database: betterSqlite3(db), close: () => db.close() };
  });
  return {
    ...opened,
    async close() {
      await opened.close();
      await rm(dir, { recursive: true });
    },
  };
}

async function openSql(connect: () => Connected): Promise<Opened> {
  const tablePrefix = `test_${randomUUID().slice(0, 8)}_`;
  const opened: Connected[] = [];
  const openStore = () => {
    const connected = connect();
    opened.push(connected);
    // The timeout is long, so that statements also succeed on a busy machine.
    return { ...connected, store: new SqlStore(connected.database, { tablePrefix, timeout: 60_000 }) };
  };
  const { store, database } = openStore();
  await store.migrate();
  return {
    store,
    database,
    async query(sql) {
      if (/^SELECT/.test(sql)) return [...(await database.all(sql, [], 60_000))];
      await database.run(sql, [], 60_000);
      return [];
    },
    table: `${tablePrefix}sessions`,
    another: async () => openStore().store,
    async close() {
      await store.close();
      for (const one of opened) await one.close();
    },
  };
}

async function fails(attempt: () => Promise<unknown>): Promise<boolean> {
  return attempt().then(
    () => false,
    () => true,
  );
}
