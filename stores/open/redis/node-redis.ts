import { PeerVersionError } from "../../../src/errors.js";
import { OPEN_TIMEOUT } from "../failure.js";
import type { UnconnectedRedis } from "./link.js";
import type { RedisServers } from "./servers.js";

/** The package `redis`. */
export type NodeRedis = typeof import("redis");
type Client = UnconnectedRedis["client"] & { connect(): Promise<unknown>; destroy(): unknown };

/** How many connections a client behind Sentinels has to the master. Each command occupies one until it is answered. */
const MASTER_CONNECTIONS = 10;

/** Makes clients of node-redis. @throws PeerVersionError for node-redis before version 5 */
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
  const options = { ...login, disableOfflineQueue: true };
  switch (kind) {
    case "alone":
      return createClient({ ...options, database, socket: { ...socket, ...hosts[0]! } });
    case "cluster":
      return createCluster({
        rootNodes: hosts.map((host) => ({ socket: { ...socket, ...host } })),
        defaults: { ...options, socket },
        minimizeConnections: true, // so that a server that does not answer does not keep the others from connecting
      });
    case "sentinel":
      return createSentinel({
        name: master,
        sentinelRootNodes: hosts,
        masterPoolSize: MASTER_CONNECTIONS,
        passthroughClientErrorEvents: true,
        nodeClientOptions: { ...login, database, socket },
        sentinelClientOptions: { socket },
      });
  }
}

/** Ignores errors, because the client may already be closed. */
function ignoring(destroy: () => unknown): void {
  try {
    Promise.resolve(destroy()).catch(() => {});
  } catch {}
}
