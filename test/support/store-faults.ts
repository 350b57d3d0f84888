import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { type DatabaseServer, startMariaDb, startPostgres } from "./database-servers.js";
import { type LossyProxy, startLossyProxy } from "./lossy-proxy.js";
import { type RedisServer, redisCli, startRedis, until } from "./redis-servers.js";

/** A store's server that a test can break. */
export interface BreakablePlace {
  /** The URL for `openStore`. */
  url: string;
  stop(): Promise<void>;
}

/** A fault of the server of a store. */
export interface Fault<Place> {
  /** The status of a guarded page meanwhile. */
  page: 200 | 503;
  /** The status of a logout meanwhile. */
  logout: 200 | 503;
  /** Breaks the server. Resolves with a function that ends the fault. */
  begin(place: Place): Promise<() => unknown>;
}

/** A kind of server, and its faults by name. */
export interface Breakable<Place extends BreakablePlace = BreakablePlace> {
  start(): Promise<Place>;
  faults: Record<string, Fault<Place>>;
}

/** The store does not respond, or rejects everything. */
const AWAY = { page: 503, logout: 503 } as const;
/** The store can be read, but not written. */
const UNWRITABLE = { page: 200, logout: 503 } as const;

interface Proxied<Server> extends BreakablePlace {
  server: Server;
  proxy: LossyProxy;
}

/** Starts a proxy in front of a server. The timeout is short, so that the tests do not wait long. */
async function proxied<S extends { url: string; stop(): Promise<void> }>(
  server: S,
  url = server.url,
): Promise<Proxied<S>> {
  const proxy = await startLossyProxy(url);
  return {
    server,
    proxy,
    url: `${proxy.urlOf(url)}?timeout=1s`,
    async stop() {
      proxy.stop();
      await server.stop();
    },
  };
}

const network = {
  "drops all connections silently": {
    ...AWAY,
    async begin({ proxy }: { proxy: LossyProxy }) {
      proxy.loseAllAndLater();
      return () => proxy.mend();
    },
  },
};

const process = {
  "is killed": {
    ...AWAY,
    async begin({ server }: { server: { kill(): Promise<void>; restart(): Promise<void> } }) {
      await server.kill();
      return () => server.restart();
    },
  },
};

const redis: Breakable<Proxied<RedisServer>> = {
  start: async () => proxied(await startRedis({ args: ["--appendonly", "yes", "--appendfsync", "always"] })),
  faults: {
    ...process,
    "is paused": {
      ...AWAY,
      async begin({ server }) {
        await server.kill("SIGSTOP");
        return () => server.kill("SIGCONT");
      },
    },
    ...network,
    "has no memory left": {
      page: 200,
      logout: 200, // Redis still deletes.
      async begin({ server: { port } }) {
        await redisCli(port, "CONFIG", "SET", "maxmemory", "1");
        return () => redisCli(port, "CONFIG", "SET", "maxmemory", "0");
      },
    },
    "is read-only": {
      ...UNWRITABLE,
      async begin({ server: { port } }) {
        await redisCli(port, "REPLICAOF", "127.0.0.1", "1");
        return () => redisCli(port, "REPLICAOF", "NO", "ONE");
      },
    },
  },
};

/** The faults that PostgreSQL and MariaDB share. */
const database = {
  ...process,
  "is paused": {
    ...AWAY,
    async begin({ server }: Proxied<DatabaseServer>) {
      await server.pause();
      return () => server.resume();
    },
  },
  ...network,
};

async function onPostgres(url: string, ...statements: string[]): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  for (const sql of statements) await client.query(sql);
  return client;
}

async function settingOf(url: string, name: string): Promise<unknown> {
  const client = await onPostgres(url);
  const { rows } = await client.query(`SHOW ${name}`).finally(() => client.end());
  return rows[0][name];
}

const postgres: Breakable<Proxied<DatabaseServer>> = {
  start: async () => proxied(await startPostgres()),
  faults: {
    ...database,
    "is read-only": {
      ...UNWRITABLE,
      async begin({ server: { url } }) {
        const set = async (value: string) => {
          const sql = `ALTER SYSTEM SET default_transaction_read_only = ${value}`;
          await (await onPostgres(url, sql, "SELECT pg_reload_conf()")).end();
          // The server reloads its settings later. A new connection has the setting once every other connection does.
          await until(async () => (await settingOf(url, "default_transaction_read_only")) === value);
        };
        await set("on");
        return () => set("off");
      },
    },
    "has a lock on the table": {
      ...UNWRITABLE,
      async begin({ server: { url } }) {
        const client = await onPostgres(url, "BEGIN", "LOCK TABLE latchkey_sessions IN EXCLUSIVE MODE");
        return () => client.end();
      },
    },
  },
};

async function onMariaDb(url: string, ...statements: string[]) {
  const connection = await createConnection({ uri: url.replace("mariadb:", "mysql:") });
  for (const sql of statements) await connection.query(sql);
  return connection;
}

const mariadb: Breakable<Proxied<DatabaseServer>> = {
  async start() {
    const server = await startMariaDb();
    // The option read_only does not apply to root.
    const grant = "GRANT ALL ON test.* TO shop@'127.0.0.1'";
    await (await onMariaDb(server.url, "CREATE USER shop@'127.0.0.1'", grant)).end();
    return proxied(server, server.url.replace("root", "shop"));
  },
  faults: {
    ...database,
    "is read-only": {
      ...UNWRITABLE,
      async begin({ server: { url } }) {
        const connection = await onMariaDb(url, "SET GLOBAL read_only = 1");
        return async () => {
          await connection.query("SET GLOBAL read_only = 0");
          await connection.end();
        };
      },
    },
    "has a lock on the table": {
      ...UNWRITABLE,
      async begin({ server: { url } }) {
        const connection = await onMariaDb(url, "LOCK TABLES latchkey_sessions READ");
        return () => connection.end();
      },
    },
  },
};

const sqlite: Breakable<BreakablePlace & { file: string }> = {
  async start() {
    const dir = await mkdtemp(join(tmpdir(), "latchkey-faults-"));
    const file = join(dir, "sessions.db");
    return { file, url: `sqlite:${file}?timeout=500ms`, stop: () => rm(dir, { recursive: true }) };
  },
  faults: {
    "is locked by another connection": {
      ...UNWRITABLE,
      async begin({ file }) {
        const other = new Database(file);
        other.exec("BEGIN IMMEDIATE");
        return () => other.close();
      },
    },
  },
};

/** The backends whose server a test can break, by name. */
export const breakables: Record<string, Breakable> = { redis, postgres, mariadb, sqlite } as never;
