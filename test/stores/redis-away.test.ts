import { expect } from "chai";
import type { SessionStore } from "latchkey";
import { openStore } from "latchkey/stores";
import { RedisStore } from "latchkey/stores/redis";
import { createClient } from "redis";
import { backendsHere } from "../support/backends.js";
import { holdersOf, Load } from "../support/load.js";
import { send } from "../support/raw-client.js";
import { startRedis, until } from "../support/redis-servers.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";
import { WatchedStore } from "../support/watched-store.js";

type Closable = SessionStore & { close(): Promise<void> };

/** The client that `openStore` makes, and a client that an application makes as the README shows. */
const clients: Record<string, (url: string) => Promise<Closable>> = {
  "openStore's client": openStore,
  async "an application's own client"(url) {
    const client = createClient({ url, disableOfflineQueue: true });
    client.on("error", () => {});
    await client.connect();
    return Object.assign(new RedisStore({ client }), { close: async () => client.destroy() });
  },
};

const here = await backendsHere("redis");

describe("a Redis server that is killed under load and restarted", () => {
  expectNoUnhandledRejections();

  for (const [whose, open] of here.length > 0 ? Object.entries(clients) : []) {
    it(`with ${whose}: the site sends 503 while Redis is down, and then recovers by itself`, async () => {
      const redis = await startRedis({ args: ["--appendonly", "yes"] });
      const store = await open(redis.url);
      const { app } = site({ store: new WatchedStore(store), storeTimeout: "300ms" });
      const origin = await serve(app);
      const holders = await holdersOf(origin, 8);
      const load = new Load(origin, holders);
      try {
        await until(async () => load.hadInARow(200));
        load.phase = "killing";
        await redis.kill();
        load.phase = "away";
        await until(async () => load.had(503));
        const login = await send(origin, "POST /login/1");
        expect([login.status, login.cookie]).to.eql([503, ""]);
        load.phase = "returning";
        await redis.restart();
        for (const { cookie } of holders)
          await until(async () => (await send(origin, "GET /me", { cookie })).status === 200);
        load.phase = "back";
        await until(async () => load.hadInARow(200));
      } finally {
        await load.stop();
        await store.close();
        await redis.stop();
      }
      expect(load.wrong).to.eql([]);
      expect(Object.keys(load.counts("away"))).to.eql(["503"]);
      for (const phase of ["before", "killing", "returning", "back"])
        expect(Object.keys(load.counts(phase)), "no user is treated as anonymous").to.not.include("401");
    });
  }
});
