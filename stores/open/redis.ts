import { PeerMissingError } from "../../src/store/peer-errors.js";
import { PREFIX } from "../redis/connection.js";
import { openingError } from "./failure.js";
import { type Inside, noteInside } from "./inside.js";
import type { OpenOptions, OpenStore } from "./open-store.js";
import { duration, readParameters, text } from "./parameters.js";
import { installed } from "./peer.js";
import type { RedisLinkOptions } from "./redis/connection.js";
import { warnOfEviction } from "./redis/eviction.js";
import { type Ioredis, ioredisClients } from "./redis/ioredis.js";
import { RedisLink } from "./redis/link.js";
import { type NodeRedis, nodeRedisClients } from "./redis/node-redis.js";
import type { RedisServers } from "./redis/servers.js";
import { databaseNumber, onlyHost, readServerUrl, type StoreUrl } from "./url.js";

const PARAMETERS = { timeout: duration, prefix: text } as const;
const TIMEOUT = 2000;
const PORT = 6379;
const SENTINEL_PORT = 26_379;

/** Opens a store on Redis through node-redis or ioredis. */
export async function openRedis(given: string, { upkeep }: OpenOptions): Promise<OpenStore> {
  const url = readServerUrl(given);
  const { timeout = TIMEOUT, prefix } = readParameters(url, PARAMETERS);
  const servers = serversOf(url);
  const link = await opened(await optionsOf(servers, timeout), url);
  const { RedisStore } = await import("../redis/index.js");
  const store = new RedisStore({ client: link, ...(prefix === undefined ? {} : { prefix }) });
  const inside: Inside & { kind: "redis" } = { kind: "redis", client: link, prefix: prefix ?? PREFIX };
  noteInside(store, inside);
  if (upkeep) await warnOfEviction(inside);
  return Object.assign(store, { close: () => link.close(), connections: () => link.connections() });
}

/**
 * Uses node-redis if it is installed, otherwise ioredis.
 *
 * node-redis emits one error for each unreachable Sentinel. ioredis emits a single error when all Sentinels are
 * unreachable. With a Cluster, errors do not end the attempt to connect, because other servers may be reachable.
 */
async function optionsOf(servers: RedisServers, timeout: number): Promise<RedisLinkOptions> {
  const { kind, hosts } = servers;
  const isCluster = kind === "cluster";
  const mostErrors = isCluster ? Number.POSITIVE_INFINITY : 1;
  const redis = await installed<NodeRedis>("redis");
  if (redis) {
    const make = nodeRedisClients(redis, servers);
    return { make, mostErrors: kind === "sentinel" ? hosts.length : mostErrors, isCluster, timeout };
  }
  const ioredis = await installed<Ioredis>("ioredis");
  if (!ioredis) throw new PeerMissingError("redis");
  return { make: ioredisClients(ioredis, servers), mostErrors, isCluster, timeout };
}

async function opened(options: RedisLinkOptions, url: StoreUrl): Promise<RedisLink> {
  try {
    return await RedisLink.open(options);
  } catch (error) {
    throw openingError(error, url);
  }
}

function serversOf(url: StoreUrl): RedisServers {
  const { scheme, username, password, path } = url;
  const [, tls, suffix] = /^redis(s?)(?:\+(cluster|sentinel))?:$/.exec(scheme)!;
  const kind = (suffix ?? "alone") as RedisServers["kind"];
  const hosts = kind === "alone" ? [onlyHost(url)] : url.hosts;
  if (hosts.length === 0) throw new TypeError(`the store's URL, which starts with "${scheme}", must name a host`);
  const [master, database] = kind === "sentinel" ? split(path) : ["", path];
  if (kind === "sentinel" && master === "")
    throw new TypeError(`the path of the store's URL, which starts with "${scheme}", must name the master`);
  if (kind === "cluster" && path !== "")
    throw new TypeError(
      `the store's URL, which starts with "${scheme}", must have no path: a Cluster has only one database`,
    );
  return {
    kind,
    hosts: hosts.map(({ host, port = kind === "sentinel" ? SENTINEL_PORT : PORT }) => ({ host, port })),
    isEncrypted: tls === "s",
    username,
    password,
    database: databaseNumber(database, scheme),
    master,
  };
}

/** Splits a path into the name of the master and the number of the database. */
function split(path: string): [master: string, database: string] {
  const [master = "", database = ""] = path.split("/", 2);
  return [master, database];
}
