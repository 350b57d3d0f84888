import { expect } from "chai";
import type { SessionRecord } from "latchkey";
import { RedisStore } from "latchkey/stores/redis";
import { createClient } from "redis";
import { backendsHere } from "../support/backends.js";
import { type RedisServer, redisCli, startRedis, until } from "../support/redis-servers.js";

if ((await backendsHere("redis")).length > 0) {
  describe("RedisStore with waitReplicas", () => {
    let master: RedisServer;
    let replica: RedisServer;
    let client: ReturnType<typeof connect>;
    const connect = () => createClient({ url: master.url });
    const onReplica = async (id: string, kind = "session") =>
      redisCli(replica.port, "EXISTS", `latchkey:${kind}:${id}`);

    before(async () => {
      master = await startRedis();
      replica = await startRedis({ args: ["--replicaof", "127.0.0.1", String(master.port)] });
      await until(async () => (await redisCli(replica.port, "INFO", "replication")).includes("master_link_status:up"));
      client = connect();
      await client.connect();
    });
    after(async () => {
      client?.destroy();
      await Promise.all([master?.stop(), replica?.stop()]);
    });

    function record(): SessionRecord {
      const now = Date.now();
      return { userId: "ann", data: {}, createdAt: now, lastSeenAt: now, expiresAt: now + 3_600_000, revision: 0 };
    }

    it("has ended a session on the replica too when it says so: 100 of 100", async () => {
      const store = new RedisStore({ client, waitReplicas: 1 });
      for (let i = 0; i < 50; i++) {
        for (const id of [`one ${i}`, `all ${i}`]) await store.create(id, record());
        expect(await store.destroy(`one ${i}`)).to.equal(true);
        expect((await onReplica(`one ${i}`)).trim()).to.equal("0");
        expect(await store.destroyByUser("ann")).to.equal(1);
        expect((await onReplica(`all ${i}`)).trim()).to.equal("0");
      }
    });

    it("has forgotten a browser on the replica too when it says so: 100 of 100", async () => {
      const tokens = new RedisStore({ client, waitReplicas: 1 }).rememberTokens;
      const { lastSeenAt: _, ...rest } = record();
      const token = { ...rest, userId: "ann", tokenHash: "first" };
      for (let i = 0; i < 50; i++) {
        for (const id of [`one ${i}`, `all ${i}`]) await tokens.create(id, token);
        expect(await tokens.destroy(`one ${i}`)).to.equal(true);
        expect((await onReplica(`one ${i}`, "remember")).trim()).to.equal("0");
        expect(await tokens.destroyByUser("ann")).to.equal(1);
        expect((await onReplica(`all ${i}`, "remember")).trim()).to.equal("0");
      }
      const strict = new RedisStore({ client, waitReplicas: 2 }).rememberTokens;
      const told = "only 1 of 2 replicas know that the remembered browser ended";
      await tokens.create("a", token);
      expect(await strict.destroy("a").catch((caught: Error) => caught.message)).to.equal(told);
      expect(await strict.destroyByUser("ann").catch((caught: Error) => caught.message)).to.equal(told);
      expect(await tokens.read("a")).to.equal(null);
    });

    it("rejects when fewer replicas than that are there, and the master has ended it", async () => {
      const store = new RedisStore({ client, waitReplicas: 2 });
      await store.create("a", record());
      const error = await store.destroy("a").catch((caught: unknown) => caught);
      expect(error).to.be.an("error").with.property("message", "only 1 of 2 replicas know that the session ended");
      expect(await store.read("a")).to.equal(null);
    });

    it("refuses a number of replicas that is invalid", () => {
      for (const waitReplicas of [-1, 1.5, "1" as never])
        expect(() => new RedisStore({ client, waitReplicas })).to.throw(
          TypeError,
          "waitReplicas must be a whole number",
        );
    });
  });
}
