import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { RedisStore } from "latchkey/stores/redis";
import { storeConformance } from "latchkey/testing";
import {
  redisCli,
  startRedis,
  startRedisCluster,
  startRedisSentinels,
  stopRedisServers,
} from "../../build/test/support/redis-servers.js";
import { CLIENTS } from "./redis-clients.js";

const servers = {};
before("the servers", async () => {
  servers.alone = await startRedis();
  servers.cluster = await startRedisCluster({ replicated: true });
  servers.sentinels = await startRedisSentinels();
});
after("the servers", stopRedisServers);

const record = () => {
  const now = Date.now();
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 3_600_000 };
  return { kind: "session", userId: "ann", data: {}, ...times, revision: 0 };
};

for (const { name, servers: at, keyPrefix = "", readsReplicas, open } of CLIENTS) {
  describe(`RedisStore with ${name}`, () => {
    let opened, prefix, store;
    before(async () => {
      opened = await open(servers[at]);
      prefix = `test:${randomUUID()}:`;
      store = new RedisStore({ client: opened.client, prefix });
    });
    after(() => opened?.close());

    for (const { name, run } of storeConformance({ store: () => store })) it(name, run);

    if (at === "alone")
      it("writes the same keys as every other client", async () => {
        const id = randomUUID();
        await store.create(id, record());
        for (const key of [`record:${id}`, "user:session:ann"])
          expect((await redisCli(servers.alone.port, "EXISTS", `${keyPrefix}${prefix}${key}`)).trim()).to.equal("1");
      });

    if (readsReplicas)
      it("does not read from replicas, although other reads of this client do", async () => {
        const { client } = opened;
        const { cluster, sentinels } = servers;
        const replicas = at === "cluster" ? cluster.replicas : [sentinels.replica];
        const asked = async (work) => {
          for (const { port } of replicas) await redisCli(port, "CONFIG", "RESETSTAT");
          await work();
          let calls = 0;
          for (const { port } of replicas) {
            const stats = (await redisCli(port, "INFO", "commandstats")).matchAll(
              /cmdstat_(?:get|eval|evalsha):calls=(\d+)/g,
            );
            for (const [, count] of stats) calls += Number(count);
          }
          return calls;
        };
        const ids = Array.from({ length: 20 }, () => randomUUID());
        for (const id of ids) await store.create(id, record());
        const every = (read) => Promise.all(ids.map(read));
        expect(await asked(() => every((id) => client.get(id)))).to.be.above(0);
        expect(
          await asked(() => every((id) => store.read(id).then((found) => expect(found).not.to.equal(null)))),
        ).to.equal(0);
        expect(await asked(() => store.listByUser("ann", { kind: "session", limit: 100 }))).to.equal(0);
      });
  });
}

for (const { name, servers: at, readsReplicas, open } of CLIENTS) {
  const isOne = at === "sentinels" || !/Cluster|pool|with|returns|in legacyMode/.test(name);
  if (!isOne || readsReplicas) continue;
  describe(`waitReplicas with ${name}`, () => {
    let client, close;
    before(async () => {
      ({ client, close } = await open(at === "alone" ? servers.sentinels.master : servers.sentinels));
    });
    after(() => close?.());

    it("reports a session as deleted only after the replica has deleted it too: 50 of 50", async () => {
      const prefix = `test:${randomUUID()}:`;
      const store = new RedisStore({ client, prefix, waitReplicas: 1 });
      for (let i = 0; i < 50; i++) {
        await store.create(`${i}`, record());
        expect((await store.destroy(`${i}`))?.userId).to.equal("ann");
        const { port } = servers.sentinels.replica;
        expect((await redisCli(port, "EXISTS", `${prefix}record:${i}`)).trim()).to.equal("0");
      }
    });

    it("rejects when too few replicas are connected", async () => {
      const store = new RedisStore({ client, prefix: `test:${randomUUID()}:`, waitReplicas: 2 });
      await store.create("a", record());
      const error = await store.destroy("a").catch((caught) => caught);
      expect(error).to.be.an("error").with.property("message", "only 1 of 2 replicas have deleted the record");
    });
  });
}
