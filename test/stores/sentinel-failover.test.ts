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

    it("by Sentinel under load: guards send 503 at first, and then the site recovers by itself", async () => {
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
        await holdersOf(origin, 1); // Writes work again.
      } finally {
        await load.stop();
        await client.destroy();
        await stop();
      }
      expect(load.wrong).to.eql([]);
      expect(Object.keys(load.counts("away"))).to.eql(["503"]);
      for (const phase of ["killing", "returning", "back"])
        expect(Object.keys(load.counts(phase)), "no user is treated as anonymous").to.not.include("401");
    });

    it("can restore a session if its logout did not reach the replica; a changed stamp rejects it", async () => {
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
        await redisCli(replica.port, "REPLICAOF", "NO", "ONE"); // Promote the replica before the logouts.
        for (const { cookie } of [ann, bob]) {
          expect((await send(origin, "POST /logout", { cookie })).status).to.equal(200);
          expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
        }
        await master.kill();

        const promoted = site({ store: new WatchedStore(new RedisStore({ client: after! })) });
        promoted.bob.stamp = "2"; // A new password, for example, changes the stamp.
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
