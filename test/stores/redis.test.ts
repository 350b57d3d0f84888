import { expect } from "chai";
import { isLatchkeyError } from "latchkey";
import { type NodeRedisClient, RedisStore } from "latchkey/stores/redis";
import { storeConformance } from "latchkey/testing";
import { createClient as createClient5 } from "redis5";
import { backendsHere } from "../support/backends.js";
import { type RedisServer, startRedis } from "../support/redis-servers.js";
import { counting, newRecord, useRedisStore } from "../support/redis-store.js";

const HOUR = 3_600_000;
const ALL = { kind: "session", limit: 100 };

if ((await backendsHere("redis")).length > 0) {
  describe("RedisStore", () => {
    const { cli, ttl, current } = useRedisStore();
    let client: NodeRedisClient;
    let store: RedisStore;
    beforeEach(() => {
      ({ client, store } = current());
    });

    it("puts its prefix before every key, so that two stores can share a database", async () => {
      const other = new RedisStore({ client, prefix: "other:" });
      for (const one of [store, other]) {
        await one.create("a", newRecord({ data: { of: one === store ? "store" : "other" } }));
        await one.create("b", newRecord({ kind: "browser" }));
      }
      const keys = ["record:a", "record:b", "user:browser:ann", "user:session:ann"];
      expect((await cli("KEYS", "*")).split("\n").sort()).to.eql([
        ...keys.map((key) => `latchkey:${key}`),
        ...keys.map((key) => `other:${key}`),
      ]);
      expect(await other.destroyByUser("ann", ALL)).to.eql({ ended: 1, more: false });
      expect((await store.read("a"))!.data).to.eql({ of: "store" });
      expect(await other.read("b")).not.to.equal(null);
    });

    it("URI-encodes the user id in a key, so that no user id can choose the slot of a Cluster", async () => {
      await store.create("a", newRecord({ userId: "{1}:ü" }));
      expect((await cli("KEYS", "*")).split("\n").sort()).to.eql([
        "latchkey:record:a",
        "latchkey:user:session:%7B1%7D%3A%C3%BC",
      ]);
    });

    it("makes Redis expire each record at its expiresAt, and an expired record within a second", async () => {
      const near = async (expected: number, what: string) =>
        expect(await ttl("latchkey:record:a"), what).to.be.within(expected - 2000, expected);
      for (const userId of ["ann", null]) {
        await store.create("a", newRecord({ userId }));
        await near(HOUR, "create");
        await store.update("a", newRecord({ expiresAt: Date.now() + HOUR / 2 }));
        await near(HOUR / 2, "update");
        await store.touch("a", newRecord({ expiresAt: Date.now() + 9 * HOUR }));
        await near(9 * HOUR, "touch");
        await store.touch("a", newRecord());
        await near(9 * HOUR, "a touch to an earlier expiry");
        await store.destroy("a");
      }
      for (const over of [100, 0, -HOUR, -1000 * HOUR]) {
        await store.create("b", newRecord({ expiresAt: Date.now() + over }));
        expect(await ttl("latchkey:record:b"), `create, ${over} ms`).to.be.within(1, 1000);
        await cli("DEL", "latchkey:record:b");
        await store.create("b", newRecord());
        await store.update("b", newRecord({ expiresAt: Date.now() + over }));
        expect(await ttl("latchkey:record:b"), `update, ${over} ms`).to.be.within(1, 1000);
        await cli("DEL", "latchkey:record:b");
      }
    });

    it("reads, touches and updates with one command each, also if the write fails", async () => {
      const { client: counted, asked } = counting(client);
      store = new RedisStore({ client: counted });
      await store.create("a", newRecord());
      await store.create("nobody's", newRecord({ userId: null }));
      expect(await asked(() => store.read("a"))).to.eql({ get: 1, scripts: 0 });
      const one = { get: 0, scripts: 1 };
      for (const id of ["a", "nobody's"]) {
        expect(await asked(() => store.touch(id, newRecord()))).to.eql(one);
        expect(await asked(() => store.update(id, newRecord()))).to.eql(one);
        expect(await asked(async () => expect(await store.update(id, newRecord())).to.equal(false))).to.eql(one);
      }
      const late = newRecord({ expiresAt: Date.now() + 10_000 * HOUR });
      for (const verb of ["touch", "update"] as const)
        expect(await asked(async () => expect(await store[verb]("none", late)).to.equal(false))).to.eql(one);
      expect(await cli("EXISTS", "latchkey:record:none")).to.equal("0");
      expect(await asked(() => store.touch("nobody's", late))).to.eql(one);
    });

    it("stores a record without a user under one key, whatever its kind", async () => {
      for (const kind of ["session", "ended"]) {
        await store.create(kind, newRecord({ kind, userId: null }));
        const error = await store.create(kind, newRecord()).catch((caught: unknown) => caught);
        expect(isLatchkeyError(error, "session_exists")).to.equal(true);
        expect((await store.read(kind))?.userId).to.equal(null);
        await cli("DEL", "latchkey:user:session:ann"); // The rejected create() added this index.
        expect(await cli("KEYS", "*")).to.equal(`latchkey:record:${kind}`);
        expect((await store.destroy(kind))?.kind).to.equal(kind);
      }
    });

    it("sends no command that scans, flushes or reads several keys", async () => {
      await cli("SCRIPT", "FLUSH");
      await cli("CONFIG", "RESETSTAT");
      const cases = storeConformance({ store: () => store });
      for (const { name, run } of cases) await run().catch((e) => expect.fail(`${name}: ${e}`));
      const used = (await cli("INFO", "commandstats")).match(/(?<=cmdstat_)[^:]+/g)!;
      const allowed = ["get", "eval", "evalsha", "set", "del", "setrange", "pttl", "pexpire"];
      allowed.push("zadd", "zrem", "zscore", "zrank", "zcount", "zrange", "zremrangebyscore");
      allowed.push("client|setinfo", "client|setname", "hello", "config|resetstat", "info");
      expect(used.filter((command) => !allowed.includes(command))).to.eql([]);
      expect(used).to.include.members(["get", "eval", "evalsha"]);
    });

    const rejection = (call: Promise<unknown>) =>
      call.then(
        () => expect.fail("it resolved"),
        (error: unknown) => error,
      );

    it("rejects with an error other than record_damaged when Redis fails", async () => {
      await cli("SADD", "latchkey:record:set", "1");
      const calls = [
        () => store.create("set", newRecord()),
        () => store.read("set"),
        () => store.touch("set", newRecord()),
        () => store.update("set", newRecord()),
        () => store.destroy("set"),
      ];
      for (const call of calls) {
        const error = await rejection(call());
        expect(error, String(call)).to.be.an("error");
        expect(isLatchkeyError(error), String(call)).to.equal(false);
      }
      current().client.destroy();
      const failure = storeConformance({ store: () => store, failing: () => store }).find(
        ({ name }) => name === "every method except prune rejects when the backend fails",
      );
      await failure!.run();
    });

    /** Values that cannot be decoded. The scripts cannot read the head of three of them. */
    const damage: Record<string, (value: string) => string> = {
      "cut off in its data": (value) => value.slice(0, -1),
      "cut off in its head": (value) => value.slice(0, 50),
      empty: () => "",
      foreign: () => "not a record",
      "wrong in the encoding of its user id": (value) => value.replace("ann", "%zz"),
    };
    for (const [what, change] of Object.entries(damage)) {
      it(`reports a value that is ${what} as damaged, does not change it, and can delete it`, async () => {
        const spoil = async () => {
          await store.create("a", newRecord({ data: { a: 1 } }));
          await cli("SET", "latchkey:record:a", change(await cli("GET", "latchkey:record:a")));
        };
        await spoil();
        expect(isLatchkeyError(await rejection(store.read("a")), "record_damaged")).to.equal(true);
        expect(await store.listByUser("ann", ALL)).to.eql({ records: [], damaged: ["a"], next: null });
        await store.touch("a", newRecord());
        expect(isLatchkeyError(await rejection(store.read("a")), "record_damaged")).to.equal(true);
        expect(await store.destroy("a")).to.equal(null);
        expect(await cli("EXISTS", "latchkey:record:a")).to.equal("0");
        expect(await store.listByUser("ann", ALL)).to.eql({ records: [], damaged: [], next: null });
        await store.create("a", newRecord());
        expect((await store.destroy("a"))?.userId).to.equal("ann");
        await spoil();
        if (what === "wrong in the encoding of its user id") return; // The value may belong to another user.
        await store.destroyByUser("ann", ALL);
        expect(await cli("EXISTS", "latchkey:record:a")).to.equal("0");
      });
    }

    it("neither lists nor deletes a record of another user or kind that is in the index", async () => {
      await store.create("a", newRecord());
      for (const parts of [{ userId: "bob" }, { kind: "browser" }]) {
        const error = await rejection(store.create("a", newRecord(parts)));
        expect(isLatchkeyError(error, "session_exists")).to.equal(true);
        const { userId, kind } = newRecord(parts);
        expect(await cli("ZCARD", `latchkey:user:${kind}:${userId}`)).to.equal("1");
        expect(await store.listByUser(userId!, { kind, limit: 9 })).to.eql({ records: [], damaged: [], next: null });
        expect(await store.destroyByUser(userId!, { kind, limit: 9 })).to.eql({ ended: 0, more: false });
      }
      expect((await store.read("a"))?.userId).to.equal("ann");
    });
  });

  describe("RedisStore with node-redis 5", () => {
    let server: RedisServer;
    let client: Awaited<ReturnType<ReturnType<typeof createClient5>["connect"]>>;
    before(async () => {
      server = await startRedis();
      client = await createClient5({ url: server.url }).connect();
    });
    after(async () => {
      client?.destroy();
      await server?.stop();
    });
    for (const { name, run } of storeConformance({ store: () => new RedisStore({ client }) })) it(name, run);
  });
}
