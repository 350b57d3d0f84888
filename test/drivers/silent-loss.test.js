import { once } from "node:events";
import { GlideClient, Logger } from "@valkey/valkey-glide";
import { expect } from "chai";
import { Redis as Redis5 } from "ioredis5";
import { Redis as Redis6 } from "ioredis6";
import { RedisStore } from "latchkey/stores/redis";
import { createClient as createClient5 } from "redis5";
import { createClient as createClient6 } from "redis6";
import { startLossyProxy } from "../../build/test/support/lossy-proxy.js";
import { startRedis, stopRedisServers, until } from "../../build/test/support/redis-servers.js";

Logger.setLoggerConfig("off");

/** How long a read may take, in milliseconds. */
const TIMEOUT = 1000;

const ioredis = (Redis) => async (url) => {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    socketTimeout: TIMEOUT,
  });
  client.on("error", () => {});
  await once(client, "ready");
  return { client, close: () => client.disconnect() };
};

const nodeRedis = (createClient) => async (url) => {
  const client = createClient({ url, disableOfflineQueue: true });
  client.on("error", () => {});
  await client.connect();
  return { client, close: () => client.destroy() };
};

/** Each client with the options in docs/operating.md, and whether it recovers by itself. */
const clients = {
  "ioredis 5": { open: ioredis(Redis5), recovers: true },
  "ioredis 6": { open: ioredis(Redis6), recovers: true },
  "node-redis 5": { open: nodeRedis(createClient5), recovers: false },
  "node-redis 6": { open: nodeRedis(createClient6), recovers: false },
  "Valkey GLIDE 2": { open: glide, recovers: false },
};

async function glide(url) {
  const addresses = [{ host: "127.0.0.1", port: Number(new URL(url).port) }];
  const client = await GlideClient.createClient({ addresses, requestTimeout: TIMEOUT });
  return { client, close: () => client.close() };
}

/** Can the store be read in time? The route /livez in docs/operating.md does the same. */
function isAlive(store) {
  const late = new Promise((resolve) => setTimeout(resolve, TIMEOUT, false).unref());
  const read = store.read("livez").then(
    () => true,
    () => false,
  );
  return Promise.race([read, late]);
}

after("the servers", stopRedisServers);

for (const [name, { open, recovers }] of Object.entries(clients)) {
  const what = recovers ? "recovers by itself" : "needs a restart, and a read with a timeout notices it,";
  it(`a RedisStore with ${name} ${what} after the network drops its connection silently`, async () => {
    const redis = await startRedis();
    const proxy = await startLossyProxy(redis.url);
    const url = proxy.urlOf(redis.url);
    const first = await open(url);
    const store = new RedisStore({ client: first.client });
    await until(() => isAlive(store));
    proxy.loseAll();
    for (let lost = 0; lost < (recovers ? 1 : 5); lost++) expect(await isAlive(store)).to.equal(false);
    if (recovers) {
      await until(() => isAlive(store));
    } else {
      const { client, close } = await open(url);
      await until(() => isAlive(new RedisStore({ client })));
      close();
    }
    first.close();
    proxy.stop();
    await redis.stop();
  });
}
