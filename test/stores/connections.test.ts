import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect } from "chai";
import { openStore, type Reconnect } from "latchkey/stores";
import { backendsHere } from "../support/backends.js";
import { startLossyProxy } from "../support/lossy-proxy.js";
import { places } from "../support/processes.js";
import { until } from "../support/redis-servers.js";

const NAMES: Record<string, Reconnect["store"]> = { redis: "redis", postgres: "postgres", mariadb: "mysql" };
const here = await backendsHere(...Object.keys(NAMES));

describe("the connections that a store of openStore reports", () => {
  for (const url of ["memory:", "sqlite::memory:"]) {
    it(`do not change with ${url}`, async () => {
      const store = await openStore(url);
      await store.read("a");
      expect(store.connections()).to.eql({ open: url === "memory:" ? 0 : 1, waiting: 0 });
      await store.close();
    });
  }

  for (const { name } of here) {
    it(`are counted, with the calls that wait for them; their replacement is published (${name})`, async () => {
      const place = await places[name]!();
      const proxy = await startLossyProxy(place.url);
      const heard: unknown[] = [];
      const hear = (message: unknown) => void heard.push(message);
      subscribe("latchkey:reconnect", hear);
      const store = await openStore(`${proxy.urlOf(place.url)}?timeout=1s`);
      try {
        await store.read("a");
        const { open, waiting } = store.connections();
        expect([open >= 1, waiting, heard]).to.eql([true, 0, []]);
        proxy.loseAll();
        const reading = store.read("a").catch(() => "lost");
        await until(async () => store.connections().waiting === 1);
        expect(await reading).to.equal("lost");
        await until(async () => (await store.read("a")) === null);
        expect(heard).to.deep.include({ store: NAMES[name] });
        expect(heard.length).to.be.at.most(3);
        await until(async () => store.connections().waiting === 0);
      } finally {
        unsubscribe("latchkey:reconnect", hear);
        await store.close();
        proxy.stop();
        await place.remove();
      }
    });
  }
});
