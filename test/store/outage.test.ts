import { expect } from "chai";
import type { LoginEvents } from "latchkey";
import { openStore } from "latchkey/stores";
import sinon from "sinon";
import { backendsHere } from "../support/backends.js";
import { type DatabaseServer, startPostgres } from "../support/database-servers.js";
import { countTrials, send } from "../support/raw-client.js";
import { startRedis, until } from "../support/redis-servers.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const REQUESTS = 1000;

/** A site whose reports on its store are recorded. A login is there already. */
async function reportingSite(options: Parameters<typeof site>[0]) {
  const at = site(options);
  const failed: Array<LoginEvents["storeFailed"]> = [];
  const recovered: Array<LoginEvents["storeRecovered"]> = [];
  at.login.on("storeFailed", (details) => failed.push(details));
  at.login.on("storeRecovered", (details) => recovered.push(details));
  const origin = await serve(at.app);
  const { cookie } = await send(origin, "POST /login/1");
  const status = async () => (await send(origin, "GET /me", { cookie })).status;
  return { ...at, failed, recovered, status };
}

const refused = () => Promise.reject(new Error("connection refused"));

describe("the events of a store that is away", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["setTimeout", "clearTimeout", "Date"] });
  });
  afterEach(() => sinon.restore());

  it(`are one at the first of ${REQUESTS} failures, one with their number a second later, and one at the end`, async () => {
    const { store, failed, recovered, status } = await reportingSite({});
    store.before = refused;
    const since = Date.now();
    expect(await countTrials(REQUESTS, async () => (await status()) === 503)).to.equal(REQUESTS);
    expect(failed.map(({ operation, failures }) => [operation, failures])).to.eql([["read", 1]]);
    clock.tick(1000);
    expect(failed.map(({ failures }) => failures)).to.eql([1, REQUESTS - 1]);
    clock.tick(10_000);
    expect([failed.length, recovered], "no calls, no events").to.eql([2, []]);

    store.before = () => undefined;
    expect(await status()).to.equal(200);
    expect(await status()).to.equal(200);
    expect(recovered).to.eql([{ since }]);
  });

  it("are not repeated for each call if some calls fail and others do not", async () => {
    const { store, failed, recovered, status } = await reportingSite({});
    let n = 0;
    store.before = () => (n++ % 2 ? undefined : refused());
    for (let i = 0; i < 100; i++) await status();
    expect([failed.length, recovered.length]).to.eql([1, 0]);
    clock.tick(1000);
    expect([failed.map(({ failures }) => failures), recovered.length]).to.eql([[1, 49], 0]);
    store.before = () => undefined;
    await status();
    expect(recovered, "a call failed less than a second ago").to.eql([]);
    clock.tick(1000);
    expect(recovered.length).to.equal(1);
    clock.tick(10_000);
    expect([failed.length, recovered.length]).to.eql([2, 1]);
  });
});

type Server = Pick<DatabaseServer, "url" | "kill" | "restart" | "stop">;
const servers: Record<string, () => Promise<Server>> = { redis: () => startRedis(), postgres: startPostgres };
const here = await backendsHere(...Object.keys(servers));

describe("the events of a server that is killed", () => {
  for (const { name } of here) {
    it(`are at most one a second, with the number of failed calls, and one when it is back (${name})`, async () => {
      const server = await servers[name]!();
      const store = await openStore(server.url);
      const { failed, recovered, status } = await reportingSite({ store: new WatchedStore(store), storeTimeout: "2s" });
      try {
        await server.kill();
        const began = performance.now();
        expect(await countTrials(REQUESTS, async () => (await status()) === 503)).to.equal(REQUESTS);
        const counted = () => failed.reduce((sum, { failures }) => sum + failures, 0);
        await until(async () => counted() >= REQUESTS);
        expect(failed.length).to.be.at.most(1 + Math.ceil((performance.now() - began) / 1000));
        expect([counted(), recovered.length]).to.eql([REQUESTS, 0]);
        await server.restart();
        await until(async () => (await status()) === (name === "redis" ? 401 : 200)); // Redis has lost the session
        await until(async () => recovered.length === 1);
      } finally {
        await store.close();
        await server.stop();
      }
    });
  }
});
