import { expect } from "chai";
import { RedisStore } from "latchkey/stores/redis";
import { createClient, createSentinel } from "redis";
import { backendsHere } from "../support/backends.js";
import { holdersOf, Load } from "../support/load.js";
import { send } from "../support/raw-client.js";
import { redisCli, startRedis, startRedisSentinels, until } from "../support/redis-servers.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";
import { WatchedStore } from "../support/watched-store.js";

const here = await backendsHere("redis-sentinel");

for (const _ of here) {
  describe("a failover", () => {
    expectNoUnhandledRejections();

    it("by Sentinel under load, the master being killed: 503 meanwhile, and everybody is served again by themselves", async () => {
      const { name, sentinels, master, replica, stop } = await startRedisSentinels();
      const sentinelRootNodes = sentinels.map(({ port }) => ({ host: "127.0.0.1", port }));
      const client = createSentinel({ name, sentinelRootNodes });
      client.on("error", () => {});
      await client.connect();
      const store = new WatchedStore(new RedisStore({ client }));
      const { app } = site({ store, storeTimeout: "300ms" });
      const origin = await serve(app);
      const holders = await holdersOf(origin, 8);
      await until(async () => (await redisCli(replica.port, "DBSIZE")) === (await redisCli(master.port, "DBSIZE")));
      const load = new Load(origin, holders, 0);
      try {
        await until(async () => load.had(200));
        load.phase = "killing";
        await master.kill();
        load.phase = "away";
        await until(async () => load.had(503, 20));
        load.phase = "returning";
        for (const { cookie } of holders)
          await until(async () => (await send(origin, "GET /me", { cookie })).status === 200);
        load.phase = "back";
        await until(async () => load.hadInARow(200));
        await holdersOf(origin, 1); // writes go on
      } finally {
        await load.stop();
        await client.destroy();
        await stop();
      }
      expect(load.wrong).to.eql([]);
      expect(Object.keys(load.counts("away"))).to.eql(["503"]);
      for (const phase of ["killing", "returning", "back"])
        expect(Object.keys(load.counts(phase)), "nobody is taken for anonymous").to.not.include("401");
    });

    it("can bring back a session whose logout had not reached the replica: a changed stamp refuses it", async () => {
      const master = await startRedis();
      const replica = await startRedis({ args: ["--replicaof", "127.0.0.1", String(master.port)] });
      const [before, after] = await Promise.all(
        [master, replica].map(({ url }) =>
          createClient({ url })
            .on("error", () => {})
            .connect(),
        ),
      );
      try {
        const first = site({ store: new WatchedStore(new RedisStore({ client: before! })) });
        const origin = await serve(first.app);
        const [ann, bob] = [await send(origin, "POST /login/1"), await send(origin, "POST /login/2")];
        await before!.wait(1, 0);
        await redisCli(replica.port, "REPLICAOF", "NO", "ONE"); // it is promoted without having heard more
        for (const { cookie } of [ann, bob]) {
          expect((await send(origin, "POST /logout", { cookie })).status).to.equal(200);
          expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
        }
        await master.kill();

        const promoted = site({ store: new WatchedStore(new RedisStore({ client: after! })) });
        promoted.bob.stamp = "2"; // as a password that was changed, or a counter of logouts in the user's row
        const there = await serve(promoted.app);
        const statuses = [ann, bob].map(async ({ cookie }) => (await send(there, "GET /me", { cookie })).status);
        expect(await Promise.all(statuses)).to.eql([200, 401]);
        expect(await promoted.store.countOf("2")).to.equal(0);
      } finally {
        before!.destroy();
        after!.destroy();
        await Promise.all([master.stop(), replica.stop()]);
      }
    });
  });
}
