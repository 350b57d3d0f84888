import { expect } from "chai";
import { type NodeRedisClient, RedisStore } from "latchkey/stores/redis";
import { backendsHere, type Opened } from "../support/backends.js";
import { Gate } from "../support/barrier.js";
import { changedClient } from "../support/redis-store.js";

const here = await backendsHere("redis");

for (const { open } of here) {
  describe("a login that moves to another session while Redis is asked for its user's", () => {
    let opened: Opened;
    before(async () => {
      opened = await open();
    });
    after(() => opened.close());

    const record = (userId: string) => {
      const now = Date.now();
      return { userId, data: {}, createdAt: now, lastSeenAt: now, expiresAt: now + 60_000, revision: 0 };
    };

    /** The store over a client with these methods instead of its own. */
    const storeWith = (change: Partial<NodeRedisClient>) =>
      new RedisStore({ client: changedClient(opened.client!, change), prefix: opened.prefix! });

    it("is found in the new one, where it is not found in the old one any more", async () => {
      await opened.store.create("old", record("ann"));
      const gate = new Gate();
      const slow = storeWith({ get: (key) => gate.pass().then(() => opened.client!.get(key)) });
      const listing = slow.listByUser("ann");
      await gate.arrived();
      await opened.store.create("new", record("ann"));
      await opened.store.destroy("old");
      gate.open();
      expect((await listing).map(({ id }) => id)).to.eql(["new"]);
    });

    it("is found in the new one, which was listed before it was there, where the old one is not there any more", async () => {
      await opened.store.create("was", record("bob"));
      const [creation, reading] = [new Gate(), new Gate()];
      const moving = storeWith({
        evalSha: async (sha1, given) => {
          if (given.keys[0]!.endsWith(":is")) await creation.pass();
          return opened.client!.evalSha(sha1, given);
        },
      }).create("is", record("bob"));
      await creation.arrived();
      const listing = storeWith({
        get: async (key) => {
          if (key.endsWith(":was")) await reading.pass();
          return opened.client!.get(key);
        },
      }).listByUser("bob");
      await reading.arrived();
      creation.open();
      await moving;
      await opened.store.destroy("was");
      reading.open();
      expect((await listing).map(({ id }) => id)).to.eql(["is"]);
    });
  });
}
