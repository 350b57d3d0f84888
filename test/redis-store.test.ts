import { expect } from "chai";
import type { SessionRecord } from "latchkey";
import { type RedisClient, RedisStore } from "latchkey/stores/redis";
import { storeConformance } from "latchkey/testing";
import { createClient } from "redis";
import { createClient as createClient5 } from "redis5";
import { backendsHere } from "./support/backends.js";
import { everyVerb } from "./support/every-verb.js";
import { type RedisServer, redisCli, startRedis } from "./support/redis-servers.js";

const HOUR = 3_600_000;
const WEEK = 7 * 24 * HOUR;

function record(parts: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  return { userId: "ann", data: {}, createdAt: now, lastSeenAt: now, expiresAt: now + HOUR, ...parts };
}

if ((await backendsHere("redis")).length > 0) {
  describe("RedisStore", function () {
    this.timeout(20_000);
    let server: RedisServer;
    let client: Awaited<ReturnType<ReturnType<typeof connect>["connect"]>>;
    let store: RedisStore;
    const connect = () => createClient({ url: server.url });
    const cli = async (...command: string[]) => (await redisCli(server.port, ...command)).trim();
    const ttl = async (key: string) => Number(await cli("PTTL", key));

    before(async () => {
      server = await startRedis();
    });
    after(() => server?.stop());
    beforeEach(async () => {
      client = await connect().connect();
      store = new RedisStore({ client });
    });
    afterEach(async () => {
      client.destroy();
      await cli("FLUSHALL");
      await cli("CONFIG", "RESETSTAT");
    });

    it("puts its prefix before every key, so that two stores share a database", async () => {
      const other = new RedisStore({ client, prefix: "other:" });
      await store.create("a", record({ data: { of: "store" } }));
      await other.create("a", record({ data: { of: "other" } }));
      expect((await cli("KEYS", "*")).split("\n").sort()).to.eql([
        ...["latchkey:session:a", "latchkey:user:ann"],
        ...["other:session:a", "other:user:ann"],
      ]);
      expect(await other.destroyByUser("ann")).to.equal(1);
      expect((await store.read("a"))!.data).to.eql({ of: "store" });
    });

    it("gives a session its own time to live and never less than a second, and its index a week more", async () => {
      const near = (actual: number, expected: number, what: string) =>
        expect(actual, what).to.be.within(expected - 2000, expected);
      const lives = async (expected: number, indexed: number, what: string) => {
        near(await ttl("latchkey:session:a"), expected, what);
        near(await ttl("latchkey:user:ann"), indexed + WEEK, `the index after ${what}`);
      };
      await store.create("a", record());
      await lives(HOUR, HOUR, "create");
      await store.update("a", record({ expiresAt: Date.now() + HOUR / 2 }));
      await lives(HOUR / 2, HOUR, "update");
      await store.touch("a", record({ expiresAt: Date.now() + 2 * HOUR }));
      await lives(2 * HOUR, 2 * HOUR, "touch");
      await store.touch("a", record());
      await lives(2 * HOUR, 2 * HOUR, "a touch that goes back");
      for (const over of [100, 0, -HOUR]) {
        await store.create("b", record({ expiresAt: Date.now() + over }));
        expect(await ttl("latchkey:session:b"), `create, ${over} ms`).to.be.within(1, 1000);
        await cli("DEL", "latchkey:session:b");
        await store.create("b", record());
        await store.update("b", record({ expiresAt: Date.now() + over }));
        expect(await ttl("latchkey:session:b"), `update, ${over} ms`).to.be.within(1, 1000);
        await cli("DEL", "latchkey:session:b");
      }
    });

    it("leaves nothing of a user whose sessions were ended", async () => {
      for (const id of ["a", "b", "c"]) await store.create(id, record());
      await store.destroy("a");
      expect(await cli("ZCARD", "latchkey:user:ann")).to.equal("2");
      await store.destroyByUser("ann");
      expect(await cli("DBSIZE")).to.equal("0");
    });

    it("clears the index of sessions that ended by themselves, a few at each login, and of none on its way", async () => {
      const old = record({ createdAt: Date.now() - 2 * 60_000 });
      for (const id of ["a", "b", "c"]) await store.create(id, old);
      await store.create("kept", old);
      await store.create("on its way", record());
      await cli("DEL", "latchkey:session:a", "latchkey:session:b", "latchkey:session:c", "latchkey:session:on its way");
      expect((await store.listByUser("ann")).map(({ id }) => id)).to.eql(["kept"]);
      let logins = 0;
      while (Number(await cli("ZCARD", "latchkey:user:ann")) > logins + 2 && logins < 200)
        await store.create(`login ${logins++}`, record());
      expect(logins).to.be.within(1, 199);
      const listed = (await cli("ZRANGE", "latchkey:user:ann", "0", "-1")).split("\n");
      expect(listed).to.include.members(["kept", "on its way"]).and.not.include.members(["a"]);
    });

    it("lists a session before it writes it, so that a crash in between hides none", async () => {
      let calls = 0;
      const failing: RedisClient = {
        get: (key) => client.get(key),
        eval: (script, options) => (++calls === 2 ? Promise.reject(new Error("gone")) : client.eval(script, options)),
      };
      const [, message] = await new RedisStore({ client: failing }).create("a", record()).then(
        () => [],
        (error: Error) => [error, error.message],
      );
      expect(message).to.equal("gone");
      expect(await cli("KEYS", "*")).to.equal("latchkey:user:ann");
      expect(await store.listByUser("ann")).to.eql([]);
      expect(await store.destroyByUser("ann")).to.equal(0);
      await store.create("a", record());
      expect(await store.listByUser("ann")).to.have.lengthOf(1);
    });

    it("sends no command that scans, flushes or takes several keys", async () => {
      for (const { name, run } of storeConformance({ store: () => store }))
        await run().catch((e) => expect.fail(`${name}: ${e}`));
      const used = (await cli("INFO", "commandstats")).match(/(?<=cmdstat_)[^:]+/g)!;
      const allowed = ["get", "eval", "set", "del", "getrange", "setrange", "pttl", "pexpire", "zadd", "zrem"];
      allowed.push("zrevrange", "zrandmember", "client|setinfo", "client|setname", "hello", "config|resetstat", "info");
      expect(used.filter((command) => !allowed.includes(command))).to.eql([]);
      expect(used).to.include.members(["get", "eval"]);
    });

    it("reads with one command", async () => {
      await store.create("a", record());
      await cli("CONFIG", "RESETSTAT");
      for (let i = 0; i < 10; i++) await store.read("a");
      expect(await cli("INFO", "commandstats"))
        .to.match(/cmdstat_get:calls=10,/)
        .and.not.include("eval");
    });

    it("rejects, rather than to say that there is no session, when Redis fails", async () => {
      await store.create("a", record());
      await cli("SET", "latchkey:session:broken", "no record");
      await cli("SADD", "latchkey:session:set", "1");
      for (const id of ["broken", "set"]) expect(await store.read(id).catch((error) => error)).to.be.instanceOf(Error);
      client.destroy();
      for (const call of everyVerb(store, record))
        expect(await call().catch((error) => error), String(call)).to.be.instanceOf(Error);
    });

    it("refuses what is no client of node-redis", () => {
      for (const wrong of [undefined, null, {}, { get() {} }, { eval() {} }])
        expect(() => new RedisStore({ client: wrong as never })).to.throw(TypeError, "client must be");
      expect(() => new RedisStore({ client: {} as never })).to.throw(TypeError);
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
