import { PeerVersionError } from "../../../src/store/peer-errors.js";
import { OPEN_TIMEOUT } from "../failure.js";
import type { UnconnectedRedis } from "./connection.js";
import type { RedisServers } from "./servers.js";

/** The package `redis`. */
export type NodeRedis = typeof import("redis");
type Client = UnconnectedRedis["client"] & { connect(): Promise<unknown>; destroy(): unknown };

/**
 * How many connections to the master a client with Sentinels has. Each command occupies one connection until its
 * response arrives.
 */
const MASTER_CONNECTIONS = 10;
/** The client's own timeout, which costs more CPU time than the command. RedisLink has a timeout of its own. */
const commandOptions = { timeout: 0 };

/**
 * Returns a function that creates node-redis clients.
 *
 * @throws PeerVersionError if node-redis is older than version 5
 */
export function nodeRedisClients(redis: NodeRedis, servers: RedisServers): () => UnconnectedRedis {
  if (!redis.createSentinel) throw new PeerVersionError("redis", "5 or newer");
  return () => {
    const client = clientOf(redis, servers) as unknown as Client;
    return { client, connect: () => client.connect(), destroy: () => ignoring(() => client.destroy()) };
  };
}

function clientOf({ createClient, createCluster, createSentinel }: NodeRedis, servers: RedisServers): object {
  const { kind, hosts, isEncrypted, username, password, database, master } = servers;
  const socket = { connectTimeout: OPEN_TIMEOUT, ...(isEncrypted ? { tls: true as const } : {}) };
  const login = { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
  const options = { ...login, disableOfflineQueue: true, commandOptions };
  switch (kind) {
    case "alone":
      return createClient({ ...options, database, socket: { ...socket, ...hosts[0]! } });
    case "cluster":
      return createCluster({
        rootNodes: hosts.map((host) => ({ socket: { ...socket, ...host } })),
        defaults: { ...options, socket },
        commandOptions,
        minimizeConnections: true, // otherwise, one server that does not respond would block the others
      });
    case "sentinel":
      return createSentinel({
        name: master,
        sentinelRootNodes: hosts,
        masterPoolSize: MASTER_CONNECTIONS,
        passthroughClientErrorEvents: true,
        nodeClientOptions: { ...login, database, socket },
        sentinelClientOptions: { socket },
        commandOptions,
      });
  }
}

/** Calls `destroy` and ignores its errors, because the client may already be closed. */
function ignoring(destroy: () => unknown): void {
  try {
    Promise.resolve(destroy()).catch(() => {});
  } catch {}
}
