import { expect } from "chai";
import { openStore } from "latchkey/stores";
import { backendsHere } from "../support/backends.js";
import { ComersAndGoers } from "../support/comers-and-goers.js";
import { type DatabaseServer, startMariaDb, startPostgres } from "../support/database-servers.js";
import { holdersOf, Load } from "../support/load.js";
import { send } from "../support/raw-client.js";
import { startRedis, until } from "../support/redis-servers.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { trials } from "../support/trials.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";
import { WatchedStore } from "../support/watched-store.js";

/** Servers that write to disk before they acknowledge a write. Redis needs two options for this. */
const servers: Record<string, () => Promise<Omit<DatabaseServer, "pause" | "resume">>> = {
  postgres: startPostgres,
  mariadb: startMariaDb,
  redis: () => startRedis({ args: ["--appendonly", "yes", "--appendfsync", "always"] }),
};
const here = await backendsHere(...Object.keys(servers));
const ROUNDS = trials(20, 1);

describe("R-7: a store server that is killed under load and restarted", () => {
  expectNoUnhandledRejections();

  for (const { name } of here) {
    it(`with ${name}, ${ROUNDS} times: the site sends 503, loses no acknowledged write, and recovers`, async () => {
      const server = await servers[name]!();
      const store = await openStore(server.url);
      const { app } = site({ store: new WatchedStore(store), storeTimeout: "500ms" });
      const origin = await serve(app);
      const holders = await holdersOf(origin, 4);
      try {
        for (let round = 0; round < ROUNDS; round++) {
          const load = new Load(origin, holders, 2);
          const people = new ComersAndGoers(origin);
          try {
            await until(async () => load.hadInARow(200) && people.loggedIn.size > 10 && people.loggedOut.size > 10);
            load.phase = "killing";
            await server.kill();
            load.phase = "away";
            await until(async () => load.had(503));
            expect((await send(origin, "GET /public", { cookie: holders[0]!.cookie })).status).to.equal(200);
            load.phase = "returning";
            await server.restart();
            for (const { cookie } of holders)
              await until(async () => (await send(origin, "GET /me", { cookie })).status === 200);
            load.phase = "back";
            await until(async () => load.hadInARow(200));
          } finally {
            await Promise.all([load.stop(), people.stop()]);
          }
          expect(load.wrong).to.eql([]);
          expect(Object.keys(load.counts("away")), "guards send only 503").to.eql(["503"]);
          for (const phase of ["before", "killing", "returning", "back"])
            expect(["200", "503"], "only 200 and 503").to.include.members(Object.keys(load.counts(phase)));
          expect(Object.keys(people.counts)).to.eql(["200", "503"]);
          expect(await people.contradictions()).to.eql({ lost: 0, returned: 0 });
        }
      } finally {
        await store.close();
        await server.stop();
      }
    });
  }
});
