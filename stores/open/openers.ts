import type { OpenOptions, OpenStore } from "./open-store.js";
import { schemeOf } from "./url.js";

type Opener = (url: string, options: OpenOptions) => Promise<OpenStore>;

const memory: Opener = async (url) => (await import("./memory.js")).openMemory(url);
const sqlite: Opener = async (url, options) => (await import("./sqlite.js")).openSqlite(url, options);
const redis: Opener = async (url, options) => (await import("./redis.js")).openRedis(url, options);
const postgres: Opener = async (url, options) => (await import("./postgres.js")).openPostgres(url, options);
const mysql: Opener = async (url, options) => (await import("./mysql.js")).openMySql(url, options);

const OPENERS: Record<string, Opener> = {
  "memory:": memory,
  "sqlite:": sqlite,
  "redis:": redis,
  "rediss:": redis,
  "redis+cluster:": redis,
  "rediss+cluster:": redis,
  "redis+sentinel:": redis,
  "rediss+sentinel:": redis,
  "postgres:": postgres,
  "postgresql:": postgres,
  "mysql:": mysql,
  "mariadb:": mysql,
};

/** Opens the store that a URL names. See `openStore` for its errors. */
export async function openByUrl(url: string, options: OpenOptions): Promise<OpenStore> {
  const scheme = schemeOf(url);
  const open = Object.hasOwn(OPENERS, scheme) ? OPENERS[scheme] : undefined;
  // The message contains only the scheme, because the rest of the URL may contain a password.
  if (!open)
    throw new TypeError(
      `a store's URL must start with one of ${Object.keys(OPENERS).join(", ")}, not with "${scheme}"`,
    );
  return open(url, options);
}
