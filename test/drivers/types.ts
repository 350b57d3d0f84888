// Checks that each client has the type RedisClient without a cast.
import { GlideClient, GlideClusterClient } from "@valkey/valkey-glide";
import { Cluster as Cluster5, Redis as Redis5 } from "ioredis5";
import { Cluster as Cluster6, Redis as Redis6 } from "ioredis6";
import type { RedisClient } from "latchkey/stores/redis";
import * as redis4 from "redis4";
import * as redis5 from "redis5";
import * as redis6 from "redis6";

const rootNodes = [{ url: "redis://localhost" }];
const sentinels = { name: "main", sentinelRootNodes: [{ host: "localhost", port: 1 }] };
const addresses = [{ host: "localhost" }];

export const clients: Array<() => RedisClient | Promise<RedisClient>> = [
  () => redis4.createClient(),
  () => redis4.createCluster({ rootNodes }),
  () => redis5.createClient(),
  () => redis5.createClientPool(),
  () => redis5.createCluster({ rootNodes }),
  () => redis5.createSentinel(sentinels),
  () => redis6.createClient(),
  () => redis6.createClientPool(),
  () => redis6.createCluster({ rootNodes }),
  () => redis6.createSentinel(sentinels),
  () => new Redis5(),
  () => new Cluster5(["localhost"]),
  () => new Redis6(),
  () => new Cluster6(["localhost"]),
  () => GlideClient.createClient({ addresses }),
  () => GlideClusterClient.createClient({ addresses }),
];
