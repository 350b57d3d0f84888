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

    const record = (userId: string) => {
      const now = Date.now();
      return { userId, data: {}, createdAt: now, lastSeenAt: now, expiresAt: now + 60_000, revision: 0 };
    };

    it("is found in the new one, where it is not found in the old one any more", async () => {
      await opened.store.create("old", record("ann"));
      const gate = new Gate();
      const client = opened.client!;
      const slow: RedisClient = {
        get: (key) => gate.pass().then(() => client.get(key)),
        eval: (script, options) => client.eval(script, options),
      };
      const listing = new RedisStore({ client: slow, prefix: opened.prefix! }).listByUser("ann");
      await gate.arrived();
      await opened.store.create("new", record("ann"));
      await opened.store.destroy("old");
      gate.open();
      expect((await listing).map(({ id }) => id)).to.eql(["new"]);
    });

    it("is found in the new one, which was listed before it was there, where the old one is not there any more", async () => {
      await opened.store.create("was", record("bob"));
      const client = opened.client!;
      const [creation, reading] = [new Gate(), new Gate()];
      const moving = new RedisStore({
        client: {
          get: (key) => client.get(key),
          eval: (script, options) => {
            const isCreation = options.keys[0]!.endsWith(":is");
            return (isCreation ? creation.pass() : Promise.resolve()).then(() => client.eval(script, options));
          },
        },
        prefix: opened.prefix!,
      }).create("is", record("bob"));
      await creation.arrived();
      const listing = new RedisStore({
        client: {
          get: async (key) => {
            if (key.endsWith(":was")) await reading.pass();
            return client.get(key);
          },
          eval: (script, options) => client.eval(script, options),
        },
        prefix: opened.prefix!,
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
