import { expect } from "chai";
import { type NodeRedisClient, RedisStore } from "latchkey/stores/redis";
import { backendsHere, type Opened } from "../support/backends.js";
import { Gate } from "../support/barrier.js";
import { changedClient, newRecord } from "../support/redis-store.js";

const here = await backendsHere("redis");

for (const { open } of here) {
  describe("a login that moves to another session while RedisStore lists its user's sessions", () => {
    let opened: Opened;
    before(async () => {
      opened = await open();
    });
    after(() => opened.close());

    const list = async (store: RedisStore, userId: string) =>
      (await store.listByUser(userId, { kind: "session", limit: 9 })).records.map(({ id }) => id);

    /** A store whose client has these methods instead of the original ones. */
    const storeWith = (change: Partial<NodeRedisClient>) =>
      new RedisStore({ client: changedClient(opened.client!, change), prefix: opened.prefix! });

    it("is listed in the new session if that session is created during the call", async () => {
      await opened.store.create("old", newRecord({ userId: "ann" }));
      const gate = new Gate();
      const slow = storeWith({ get: (key) => gate.pass().then(() => opened.client!.get(key)) });
      const listing = list(slow, "ann");
      await gate.arrived();
      await opened.store.create("new", newRecord({ userId: "ann" }));
      await opened.store.destroy("old");
      gate.open();
      expect(await listing).to.eql(["new"]);
    });

    it("is listed in the new session if that session is in the index before its record is written", async () => {
      await opened.store.create("was", newRecord({ userId: "bob" }));
      const [creation, reading] = [new Gate(), new Gate()];
      const moving = storeWith({
        evalSha: async (sha1, given) => {
          if (given.keys[0]!.endsWith(":is")) await creation.pass();
          return opened.client!.evalSha(sha1, given);
        },
      }).create("is", newRecord({ userId: "bob" }));
      await creation.arrived();
      const slow = storeWith({
        get: async (key) => {
          if (key.endsWith(":was")) await reading.pass();
          return opened.client!.get(key);
        },
      });
      const listing = list(slow, "bob");
      await reading.arrived();
      creation.open();
      await moving;
      await opened.store.destroy("was");
      reading.open();
      expect(await listing).to.eql(["is"]);
    });
  });
}
