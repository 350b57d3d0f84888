import type { OpenStore } from "./open/open-store.js";
import { schemeOf } from "./open/url.js";

export type { OpenStore } from "./open/open-store.js";

type Opener = (url: string) => Promise<OpenStore>;

const memory: Opener = async (url) => (await import("./open/memory.js")).openMemory(url);
const sqlite: Opener = async (url) => (await import("./open/sqlite.js")).openSqlite(url);
const redis: Opener = async (url) => (await import("./open/redis.js")).openRedis(url);
const postgres: Opener = async (url) => (await import("./open/postgres.js")).openPostgres(url);
const mysql: Opener = async (url) => (await import("./open/mysql.js")).openMySql(url);

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

/**
 * Opens the store that a URL names, so that a deployment can choose it with one setting: `memory:`,
 * `sqlite:./sessions.db`, `redis://host:6379`, `redis+cluster://host1:7000,host2:7000`,
 * `redis+sentinel://host1:26379,host2:26379/master`, `postgres://user@host/database`, `mysql://user@host/database`.
 * `rediss` instead of `redis` encrypts the connection.
 *
 * It imports only the driver that the URL needs, creates the tables that are missing, and prunes expired rows every 15
 * minutes. No error shows the password of the URL.
 *
 * @throws TypeError for a URL of another kind, or one that cannot be read, or a parameter that is unknown or invalid
 * @throws PeerMissingError, with the command that installs it, if a package is missing
 * @throws Error with the `code` of the driver, if the store cannot be reached
 */
export async function openStore(url: string): Promise<OpenStore> {
  const scheme = schemeOf(url);
  const open = Object.hasOwn(OPENERS, scheme) ? OPENERS[scheme] : undefined;
  // Nothing else of the URL is shown, because it may have a password.
  if (!open)
    throw new TypeError(
      `a store's URL must start with one of ${Object.keys(OPENERS).join(", ")}, not with "${scheme}"`,
    );
  return open(url);
}
