// Every client that RedisStore accepts, and how the tests connect it to each kind of server.
import { GlideClient, GlideClusterClient, Logger } from "@valkey/valkey-glide";
import * as ioredis5 from "ioredis5";
import * as ioredis6 from "ioredis6";
import * as redis4 from "redis4";
import * as redis5 from "redis5";
import * as redis6 from "redis6";

Logger.setLoggerConfig("error"); // GLIDE warns about each script that the server does not know yet.

/** The clients of one version of node-redis. */
function nodeRedis(name, { createClient, createClientPool, createCluster, createSentinel }, { more = [] } = {}) {
  const open = async (client) => {
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => (client.destroy ? client.destroy() : client.disconnect()) };
  };
  const rootNodes = ({ nodes }) => nodes.map(({ url }) => ({ url }));
  const clients = [
    { name, servers: "alone", open: ({ url }) => open(createClient({ url })) },
    { name: `${name}, a Cluster`, servers: "cluster", open: (at) => open(createCluster({ rootNodes: rootNodes(at) })) },
    {
      name: `${name}, a Cluster that reads from replicas`,
      servers: "cluster",
      readsReplicas: true,
      open: (at) => open(createCluster({ rootNodes: rootNodes(at), useReplicas: true })),
    },
    ...more.map(({ name: option, options }) => ({
      name: `${name}, ${option}`,
      servers: "alone",
      keyPrefix: options.keyPrefix,
      open: ({ url }) => open(createClient({ url, ...options })),
    })),
  ];
  if (createClientPool)
    clients.push({ name: `${name}, a pool`, servers: "alone", open: ({ url }) => open(createClientPool({ url })) });
  if (createSentinel) {
    const sentinels = (at, options) =>
      open(createSentinel({ name: at.name, sentinelRootNodes: hostsOf(at.sentinels), ...options }));
    clients.push(
      { name: `${name}, by Sentinels`, servers: "sentinels", open: (at) => sentinels(at) },
      {
        name: `${name}, by Sentinels, reading from replicas`,
        servers: "sentinels",
        readsReplicas: true,
        open: (at) => sentinels(at, { replicaPoolSize: 1 }),
      },
    );
  }
  return clients;
}

/** The clients of one version of ioredis. */
function ioredis(name, { Cluster, Redis }) {
  const open = async (client) => {
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.disconnect() };
  };
  const redis = (options) => open(new Redis({ ...options, lazyConnect: true }));
  const cluster = ({ nodes }, options) => open(new Cluster(hostsOf(nodes), { ...options, lazyConnect: true }));
  return [
    { name, servers: "alone", open: ({ port }) => redis({ port }) },
    {
      name: `${name} with keyPrefix, stringNumbers and enableAutoPipelining`,
      servers: "alone",
      keyPrefix: "app:",
      open: ({ port }) => redis({ port, keyPrefix: "app:", stringNumbers: true, enableAutoPipelining: true }),
    },
    { name: `${name}, a Cluster`, servers: "cluster", open: (at) => cluster(at) },
    {
      name: `${name}, a Cluster that reads from replicas`,
      servers: "cluster",
      readsReplicas: true,
      open: (at) => cluster(at, { scaleReads: "slave" }),
    },
    {
      name: `${name}, by Sentinels`,
      servers: "sentinels",
      open: (at) => redis({ name: at.name, sentinels: hostsOf(at.sentinels) }),
    },
  ];
}

/** The clients of Valkey GLIDE, which does not support Sentinel. */
function valkeyGlide(name) {
  const open = async (Client, servers, options) => {
    const client = await Client.createClient({ addresses: hostsOf(servers), requestTimeout: 5000, ...options });
    return { client, close: () => client.close() };
  };
  return [
    { name, servers: "alone", open: (server) => open(GlideClient, [server]) },
    {
      name: `${name} that returns Buffers`,
      servers: "alone",
      open: (at) => open(GlideClient, [at], { defaultDecoder: 0 }),
    },
    {
      name: `${name} that reads from replicas`,
      servers: "sentinels",
      readsReplicas: true,
      open: ({ master, replica }) => open(GlideClient, [master, replica], { readFrom: "preferReplica" }),
    },
    { name: `${name}, a Cluster`, servers: "cluster", open: ({ nodes }) => open(GlideClusterClient, nodes) },
    {
      name: `${name}, a Cluster that reads from replicas`,
      servers: "cluster",
      readsReplicas: true,
      open: ({ nodes }) => open(GlideClusterClient, nodes, { readFrom: "preferReplica" }),
    },
  ];
}

function hostsOf(servers) {
  return servers.map(({ port }) => ({ host: "127.0.0.1", port }));
}

export const CLIENTS = [
  ...nodeRedis("node-redis 4", redis4, { more: [{ name: "in legacyMode", options: { legacyMode: true } }] }),
  ...nodeRedis("node-redis 5", redis5),
  ...nodeRedis("node-redis 6", redis6, { more: [{ name: "with keyPrefix", options: { keyPrefix: "app:" } }] }),
  ...ioredis("ioredis 5", ioredis5),
  ...ioredis("ioredis 6", ioredis6),
  ...valkeyGlide("Valkey GLIDE 2"),
];
