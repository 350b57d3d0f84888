import { expect } from "chai";
import { type RedisClient, RedisStore } from "latchkey/stores/redis";
import { backendsHere, type Opened } from "./support/backends.js";
import { Gate } from "./support/barrier.js";

const here = await backendsHere("redis");

for (const { open } of here) {
  describe("a login that moves to another session while Redis is asked for its user's", () => {
    let opened: Opened;
    before(async () => {
      opened = await open();
    });
    after(() => opened.close());

    it("is found in the new one, where it is not found in the old one any more", async () => {
      const now = Date.now();
      const record = { userId: "ann", data: {}, createdAt: now, lastSeenAt: now, expiresAt: now + 60_000, revision: 0 };
      await opened.store.create("old", record);
      const gate = new Gate();
      const client = opened.client!;
      const slow: RedisClient = {
        get: (key) => gate.pass().then(() => client.get(key)),
        eval: (script, options) => client.eval(script, options),
      };
      const listing = new RedisStore({ client: slow, prefix: opened.prefix! }).listByUser("ann");
      await gate.arrived();
      await opened.store.create("new", record);
      await opened.store.destroy("old");
      gate.open();
      expect((await listing).map(({ id }) => id)).to.eql(["new"]);
    });
  });
}
