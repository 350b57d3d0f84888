import { PeerVersionError } from "../../../src/store/peer-errors.js";
import { OPEN_TIMEOUT } from "../failure.js";
import type { UnconnectedRedis } from "./connection.js";
import type { RedisServers } from "./servers.js";

/** The part of the package `ioredis` that openStore uses. */
export interface Ioredis {
  Redis?: new (options: object) => IoredisClient;
  Cluster?: new (nodes: object[], options: object) => IoredisClient;
}

type IoredisClient = UnconnectedRedis["client"] & { connect(): Promise<unknown>; disconnect(): void };

/** Returns a function that creates ioredis clients. @throws PeerVersionError if ioredis is older than version 5 */
export function ioredisClients({ Redis, Cluster }: Ioredis, servers: RedisServers): () => UnconnectedRedis {
  if (!Redis || !Cluster) throw new PeerVersionError("ioredis", "5 or newer");
  return () => {
    const client = clientOf({ Redis, Cluster }, servers);
    return { client, connect: () => client.connect(), destroy: () => client.disconnect() };
  };
}

function clientOf({ Redis, Cluster }: Required<Ioredis>, servers: RedisServers): IoredisClient {
  const { kind, hosts, isEncrypted, username, password, database: db, master: name } = servers;
  const options = {
    username,
    password,
    connectTimeout: OPEN_TIMEOUT,
    autoResendUnfulfilledCommands: false,
    ...(isEncrypted ? { tls: {} } : {}),
  };
  const whole = { lazyConnect: true, enableOfflineQueue: false };
  switch (kind) {
    case "alone":
      return new Redis({ ...options, ...whole, ...hosts[0]!, db });
    case "cluster":
      return new Cluster(hosts, { ...whole, redisOptions: options });
    case "sentinel": {
      const encrypted = isEncrypted ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {};
      return new Redis({ ...options, ...whole, ...encrypted, sentinels: hosts, name, db });
    }
  }
}
