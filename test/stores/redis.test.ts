import { expect } from "chai";
import type { RememberTokenRecord, SessionRecord } from "latchkey";
import { type NodeRedisClient, RedisStore } from "latchkey/stores/redis";
import { rememberTokenConformance, storeConformance } from "latchkey/testing";
import { createClient as createClient5 } from "redis5";
import { backendsHere } from "../support/backends.js";
import { everyTokenVerb, everyVerb } from "../support/every-verb.js";
import { type RedisServer, startRedis } from "../support/redis-servers.js";
import { changedClient, useRedisStore } from "../support/redis-store.js";

const HOUR = 3_600_000;
const WEEK = 7 * 24 * HOUR;

function record(parts: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  return { userId: "ann", data: {}, createdAt: now, lastSeenAt: now, expiresAt: now + HOUR, revision: 0, ...parts };
}

function token(parts: Partial<RememberTokenRecord> = {}): RememberTokenRecord {
  const now = Date.now();
  return { userId: "ann", tokenHash: "first", data: {}, createdAt: now, expiresAt: now + HOUR, ...parts };
}

if ((await backendsHere("redis")).length > 0) {
  describe("RedisStore", () => {
    const { cli, ttl, current } = useRedisStore();
    let client: NodeRedisClient;
    let store: RedisStore;
    beforeEach(() => {
      ({ client, store } = current());
    });

    it("puts its prefix before every key, so that two stores share a database", async () => {
      const other = new RedisStore({ client, prefix: "other:" });
      await store.create("a", record({ data: { of: "store" } }));
      await other.create("a", record({ data: { of: "other" } }));
      for (const one of [store, other]) await one.rememberTokens.create("a", token());
      const keys = ["remember-user:ann", "remember:a", "session:a", "user:ann"];
      expect((await cli("KEYS", "*")).split("\n").sort()).to.eql([
        ...keys.map((key) => `latchkey:${key}`),
        ...keys.map((key) => `other:${key}`),
      ]);
      expect(await other.rememberTokens.destroyByUser("ann")).to.equal(1);
      expect(await store.rememberTokens.read("a")).not.to.equal(null);
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

    /** The two kinds of records, and their keys. */
    const kinds = {
      sessions: { key: "session", index: "user", make: record, verbs: (of: RedisStore) => of },
      "remembered browsers": {
        key: "remember",
        index: "remember-user",
        make: token,
        verbs: (of: RedisStore) => of.rememberTokens as unknown as RedisStore,
      },
    };
    for (const [name, { key, index, make, verbs }] of Object.entries(kinds)) {
      const newRecord = make as typeof record;

      it(`clears the index of ${name} that ended by themselves, a few at each login, and of none on its way`, async () => {
        const kept = verbs(store);
        const old = newRecord({ createdAt: Date.now() - 2 * 60_000 });
        for (const id of ["a", "b", "c"]) await kept.create(id, old);
        await kept.create("kept", old);
        await kept.create("on its way", newRecord());
        await cli("DEL", ...["a", "b", "c", "on its way"].map((id) => `latchkey:${key}:${id}`));
        expect((await kept.listByUser("ann")).map(({ id }) => id)).to.eql(["kept"]);
        let logins = 0;
        while (Number(await cli("ZCARD", `latchkey:${index}:ann`)) > logins + 2 && logins < 200)
          await kept.create(`login ${logins++}`, newRecord());
        expect(logins).to.be.within(1, 199);
        const listed = (await cli("ZRANGE", `latchkey:${index}:ann`, "0", "-1")).split("\n");
        expect(listed).to.include.members(["kept", "on its way"]).and.not.include.members(["a"]);
      });

      it(`lists ${name} before it writes them, so that a crash in between hides none`, async () => {
        let calls = 0;
        const failing = changedClient(client, {
          evalSha: (sha1, options) =>
            ++calls === 2 ? Promise.reject(new Error("gone")) : client.evalSha(sha1, options),
        });
        const broken = verbs(new RedisStore({ client: failing }));
        expect(await broken.create("a", newRecord()).catch((error) => error.message)).to.equal("gone");
        const kept = verbs(store);
        expect(await cli("KEYS", "*")).to.equal(`latchkey:${index}:ann`);
        expect(await kept.listByUser("ann")).to.eql([]);
        expect(await kept.destroyByUser("ann")).to.equal(0);
        await kept.create("a", newRecord());
        expect(await kept.listByUser("ann")).to.have.lengthOf(1);
      });
    }

    it("sends no command that scans, flushes or takes several keys", async () => {
      const cases = [
        ...storeConformance({ store: () => store }),
        ...rememberTokenConformance({ store: () => store.rememberTokens }),
      ];
      for (const { name, run } of cases) await run().catch((e) => expect.fail(`${name}: ${e}`));
      const used = (await cli("INFO", "commandstats")).match(/(?<=cmdstat_)[^:]+/g)!;
      const allowed = [
        "get",
        "eval",
        "evalsha",
        "set",
        "del",
        "getrange",
        "setrange",
        "pttl",
        "pexpire",
        "zadd",
        "zrem",
      ];
      allowed.push("zrevrange", "zrandmember", "client|setinfo", "client|setname", "hello", "config|resetstat", "info");
      expect(used.filter((command) => !allowed.includes(command))).to.eql([]);
      expect(used).to.include.members(["get", "eval", "evalsha"]);
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
      const tokens = store.rememberTokens;
      await tokens.create("a", token());
      await cli("SET", "latchkey:remember:broken", "no record");
      await cli("SADD", "latchkey:remember:set", "1");
      for (const id of ["broken", "set"]) expect(await tokens.read(id).catch((error) => error)).to.be.instanceOf(Error);
      current().client.destroy();
      for (const call of [...everyVerb(store, record), ...everyTokenVerb(tokens, token)])
        expect(await call().catch((error) => error), String(call)).to.be.instanceOf(Error);
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
    describe("rememberTokens", () => {
      const store = () => new RedisStore({ client }).rememberTokens;
      for (const { name, run } of rememberTokenConformance({ store })) it(name, run);
    });
  });
}
