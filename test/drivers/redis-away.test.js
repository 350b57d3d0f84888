import { once } from "node:events";
import { GlideClient, Logger } from "@valkey/valkey-glide";
import { expect } from "chai";
import { Redis as Redis5 } from "ioredis5";
import { Redis as Redis6 } from "ioredis6";
import { RedisStore } from "latchkey/stores/redis";
import { createClient as createClient5 } from "redis5";
import { createClient as createClient6 } from "redis6";
import { startRedis, stopRedisServers, until } from "../../build/test/support/redis-servers.js";

Logger.setLoggerConfig("off");

const nodeRedis = (createClient) => async (url) => {
  const client = createClient({ url, disableOfflineQueue: true });
  client.on("error", () => {});
  await client.connect();
  return { client, close: () => client.destroy() };
};

const ioredis = (Redis) => async (url) => {
  const client = new Redis(url, { enableOfflineQueue: false, autoResendUnfulfilledCommands: false });
  client.on("error", () => {});
  await once(client, "ready");
  return { client, close: () => client.disconnect() };
};

/** Each client with the options in docs/choosing-a-store.md. */
const clients = {
  "node-redis 5": nodeRedis(createClient5),
  "node-redis 6": nodeRedis(createClient6),
  "ioredis 5": ioredis(Redis5),
  "ioredis 6": ioredis(Redis6),
  async "Valkey GLIDE 2"(url) {
    const addresses = [{ host: "127.0.0.1", port: Number(new URL(url).port) }];
    const client = await GlideClient.createClient({ addresses });
    return { client, close: () => client.close() };
  },
};

after("the servers", stopRedisServers);

for (const [name, open] of Object.entries(clients)) {
  it(`RedisStore with ${name} rejects while Redis is down, and then recovers by itself`, async () => {
    const redis = await startRedis({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
    const { client, close } = await open(redis.url);
    try {
      const store = new RedisStore({ client });
      const now = Date.now();
      const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 60_000 };
      const record = { kind: "session", userId: "ann", data: {}, ...times, revision: 0 };
      await store.create("a", record);
      await redis.kill();
      for (let i = 0; i < 3; i++) expect(await store.read("a").catch((error) => error)).to.be.an("error");
      expect(await store.create("late", record).catch((error) => error)).to.be.an("error");
      await redis.restart();
      await until(async () => (await store.read("a")) !== null);
      expect(await store.read("late")).to.equal(null);
      expect((await store.destroy("a"))?.userId).to.equal("ann");
    } finally {
      close();
      await redis.stop();
    }
  });
}
