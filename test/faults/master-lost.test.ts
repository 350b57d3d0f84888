import { expect } from "chai";
import { afterTest } from "../support/after-test.js";
import { backendsHere } from "../support/backends.js";
import { holdersOf } from "../support/load.js";
import { openedStore } from "../support/opened-store.js";
import { send } from "../support/raw-client.js";
import { type RedisServer, redisCli, startRedisCluster, startRedisSentinels, until } from "../support/redis-servers.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { inTestAll } from "../support/tier.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";
import { WatchedStore } from "../support/watched-store.js";

interface Replicated {
  url: string;
  /** The ports of the masters and of their replicas. */
  masters: number[];
  replicas: number[];
  killMaster(): Promise<void>;
  stop(): Promise<void>;
}

const portsOf = (servers: RedisServer[]) => servers.map(({ port }) => port);

/** Servers with replicas, whose master a test can kill. */
const starts: Record<string, () => Promise<Replicated>> = {
  async "redis-cluster"() {
    const { nodes, replicas, stop } = await startRedisCluster({ replicated: true });
    const all = [...nodes, ...replicas];
    for (const { port } of all) await redisCli(port, "CONFIG", "SET", "cluster-node-timeout", "2000");
    const hosts = all.map(({ port }) => `127.0.0.1:${port}`).join();
    const ports = { masters: portsOf(nodes), replicas: portsOf(replicas) };
    return { url: `redis+cluster://${hosts}?timeout=1s`, ...ports, killMaster: () => nodes[0]!.kill(), stop };
  },
  async "redis-sentinel"() {
    const { name, sentinels, master, replica, stop } = await startRedisSentinels();
    const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join();
    const ports = { masters: [master.port], replicas: [replica.port] };
    return { url: `redis+sentinel://${hosts}/${name}?timeout=1s`, ...ports, killMaster: () => master.kill(), stop };
  },
};
const here = await backendsHere(...Object.keys(starts));

inTestAll("a site whose store loses a master", () => {
  expectNoUnhandledRejections();

  for (const { name } of here) {
    it(`sends 503 until ${name} has a new master, and then recovers without a restart, with all sessions`, async () => {
      const { url, masters, replicas, killMaster, stop } = await starts[name]!();
      afterTest(stop);
      const store = await openedStore(url);
      const { app } = site({ store: new WatchedStore(store), storeTimeout: "1s" });
      const origin = await serve(app);
      const holders = await holdersOf(origin, 16);
      const statuses = async () => {
        const asked = holders.map(async ({ cookie }) => (await send(origin, "GET /me", { cookie })).status);
        return new Set(await Promise.all(asked));
      };
      await until(async () => [...(await statuses())].join() === "200");
      const keysOf = async (ports: number[]) =>
        (await Promise.all(ports.map((port) => redisCli(port, "DBSIZE")))).reduce((sum, size) => sum + Number(size), 0);
      await until(async () => (await keysOf(replicas)) === (await keysOf(masters))); // replication is asynchronous
      await killMaster();
      const seen = new Set<number>();
      await until(async () => {
        for (const status of await statuses()) seen.add(status);
        return seen.has(503);
      });
      expect((await send(origin, "GET /public", { cookie: holders[0]!.cookie })).status).to.equal(200);
      await until(async () => {
        const now = await statuses();
        for (const status of now) seen.add(status);
        return [...now].join() === "200";
      });
      expect([...seen].sort()).to.eql([200, 503]);
      await holdersOf(origin, 8);
    });
  }
});
