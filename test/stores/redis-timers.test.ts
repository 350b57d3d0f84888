import { expect } from "chai";
import sinon from "sinon";
import { afterTest } from "../support/after-test.js";
import { backendsHere, shared } from "../support/backends.js";
import { openedStore } from "../support/opened-store.js";
import { newRecord } from "../support/redis-store.js";

const urls: Record<string, () => Promise<string>> = {
  redis: async () => (await shared.redis()).url,
  "redis-cluster": async () => `redis+cluster://127.0.0.1:${(await shared.cluster()).nodes[0]!.port}`,
  "redis-sentinel": async () => {
    const { name, sentinels } = await shared.sentinels();
    return `redis+sentinel://127.0.0.1:${sentinels[0]!.port}/${name}`;
  },
};

// node-redis creates an AbortSignal with a timer for each command, unless its `commandOptions.timeout` is 0. This costs
// more CPU time than the command.
for (const { name } of await backendsHere(...Object.keys(urls))) {
  it(`openStore creates no timer for each command, on ${name}`, async () => {
    const store = await openedStore(await urls[name]!());
    const timeout = sinon.spy(AbortSignal, "timeout");
    afterTest(() => timeout.restore());
    await store.create("timers", newRecord());
    for (let i = 0; i < 20; i++) expect(await store.read("timers")).to.include({ userId: "ann" });
    await store.destroy("timers");
    expect(timeout.callCount).to.equal(0);
  });
}
