import { PeerMissingError, PeerVersionError } from "../src/errors.js";
import type { SessionStore } from "../src/store/session-store.js";
import type { NodeRedisClient } from "./redis/commands.js";
import { initialize, migrate } from "./typeorm/start.js";

/** A store, and what closes it with everything that was opened for it. */
export type OpenStore = SessionStore & {
  /** Ends the connection, and pruning with it. */
  close(): Promise<void>;
};

type Opener = (url: string) => Promise<OpenStore>;

const PRUNE_EVERY = 15 * 60_000;

const OPENERS: Record<string, Opener> = {
  "memory:": async () => {
    const { MemoryStore } = await import("./memory/index.js");
    return new MemoryStore();
  },
  "redis:": openRedis,
  "rediss:": openRedis,
  "redis+cluster:": openRedisCluster,
  "sqlite:": (url) =>
    openTypeOrm("better-sqlite3", { type: "better-sqlite3", database: url.slice("sqlite:".length), enableWAL: true }),
  "postgres:": openPostgres,
  "postgresql:": openPostgres,
  "mysql:": openMySql,
  "mariadb:": openMySql,
};

/**
 * Opens the store that a URL names, so that a deployment chooses it by one setting: `memory:`, `redis://host:6379`,
 * `rediss://...`, `redis+cluster://host1:7000,host2:7000`, `sqlite:./sessions.db`, `postgres://user@host/database`,
 * `mysql://user@host/database`. Tables that are missing are made.
 *
 * @throws TypeError for a URL of another kind, or one that cannot be read
 * @throws PeerMissingError, with the command that installs it, when a package is missing
 */
export async function openStore(url: string): Promise<OpenStore> {
  const scheme = (typeof url === "string" && /^[a-z][a-z+]*:/.exec(url)?.[0]) || "";
  const open = Object.hasOwn(OPENERS, scheme) ? OPENERS[scheme] : undefined;
  // Nothing else of the URL is shown, for it may hold a password.
  if (!open)
    throw new TypeError(`a store's URL starts with one of ${Object.keys(OPENERS).join(", ")}, not with "${scheme}"`);
  const [, hosts] = /^[^:]*:\/\/(?:[^@/]*@)?([^/?]*)/.exec(url) ?? [];
  if (hosts !== undefined && !hosts.split(",").every((host) => URL.canParse(`http://${host}`)))
    throw new TypeError(`the store's URL, which starts with "${scheme}", cannot be read`);
  return open(url);
}

async function openRedis(url: string): Promise<OpenStore> {
  const { createClient } = await peer("redis", () => import("redis"));
  const client = createClient({ url, disableOfflineQueue: true });
  if (typeof client.destroy !== "function") throw new PeerVersionError("redis", "5 or newer"); // only openStore needs this
  // By itself the client would try for ever to connect for the first time.
  const failed = new Promise<never>((_, reject) => client.once("error", reject));
  return connectRedis(client, failed);
}

async function openRedisCluster(url: string): Promise<OpenStore> {
  const { createCluster } = await peer("redis", () => import("redis"));
  const { username, password } = new URL(url.replace(/,[^/]*/, "").replace("redis+cluster:", "redis:"));
  const hosts = url
    .replace(/^redis\+cluster:\/\/([^@]*@)?/, "")
    .split("/", 1)[0]!
    .split(",");
  return connectRedis(
    createCluster({
      rootNodes: hosts.map((host) => ({ url: `redis://${host}` })),
      defaults: {
        disableOfflineQueue: true,
        ...(username ? { username: decodeURIComponent(username) } : {}),
        ...(password ? { password: decodeURIComponent(password) } : {}),
      },
    }),
  );
}

interface RedisConnection extends NodeRedisClient {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
  close(): Promise<unknown> | unknown;
  destroy(): unknown;
}

async function connectRedis(client: RedisConnection, failed?: Promise<never>): Promise<OpenStore> {
  const { RedisStore } = await import("./redis/index.js");
  client.on("error", () => {}); // the client reconnects by itself, and each command that fails says so
  try {
    await Promise.race([client.connect(), ...(failed ? [failed] : [])]);
  } catch (error) {
    client.destroy();
    throw error;
  }
  failed?.catch(() => {});
  const store = new RedisStore({ client });
  return Object.assign(store, { close: async () => void (await client.close()) });
}

function openPostgres(url: string): Promise<OpenStore> {
  return openTypeOrm("pg", { type: "postgres", url });
}

function openMySql(url: string): Promise<OpenStore> {
  return openTypeOrm("mysql2", { type: url.startsWith("mariadb:") ? "mariadb" : "mysql", url });
}

async function openTypeOrm(driver: string, options: { type: string; [option: string]: unknown }): Promise<OpenStore> {
  const peers = `typeorm reflect-metadata ${driver}`;
  const { DataSource } = await peer(peers, () => import("typeorm"));
  await peer(peers, () => import(driver));
  const { CreateLatchkeyTables1700000000000, latchkeyEntities, TypeOrmStore } = await import("./typeorm/index.js");
  const dataSource = new DataSource({
    ...options,
    entities: latchkeyEntities({ type: options.type as never }),
    migrations: [CreateLatchkeyTables1700000000000],
    migrationsTableName: "latchkey_migrations",
  } as never);
  await initialize(dataSource);
  await migrate(dataSource).catch(async (error) => {
    await dataSource.destroy();
    throw error;
  });
  const store = new TypeOrmStore({ dataSource, pruneEvery: PRUNE_EVERY });
  const stop = store.close.bind(store);
  return Object.assign(store, {
    close: async () => {
      await stop();
      await dataSource.destroy();
    },
  });
}

async function peer<T>(names: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_MODULE_NOT_FOUND")
      throw new PeerMissingError(names, { cause: error });
    throw error;
  }
}
