import { expect } from "chai";
import type { RememberTokenRecord } from "latchkey";
import { type NodeRedisClient, RedisStore } from "latchkey/stores/redis";
import { backendsHere } from "../support/backends.js";
import { changedClient, useRedisStore } from "../support/redis-store.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;

function token(parts: Partial<RememberTokenRecord> = {}): RememberTokenRecord {
  const now = Date.now();
  return { userId: "ann", tokenHash: "first", data: {}, createdAt: now, expiresAt: now + HOUR, ...parts };
}

if ((await backendsHere("redis")).length > 0) {
  describe("the remembered browsers of a RedisStore", () => {
    const { cli, ttl, current } = useRedisStore();
    let client: NodeRedisClient;
    let store: RedisStore;
    beforeEach(() => {
      ({ client, store } = current());
    });

    it("gives a remembered browser its own time to live, and its index days more, which are renewed before they are over", async () => {
      const tokens = store.rememberTokens;
      const near = async (key: string, expected: number, what: string) =>
        expect(await ttl(`latchkey:${key}`), what).to.be.within(Math.max(0, expected - MINUTE), expected);
      const commands = async (work: () => Promise<unknown>) => {
        await cli("CONFIG", "RESETSTAT");
        await work();
        return Number((await cli("INFO", "commandstats")).match(/cmdstat_evalsha:calls=(\d+)/)?.[1] ?? 0);
      };
      await tokens.create("a", token());
      const rotate = (expiresIn: number) =>
        commands(async () => {
          const { tokenHash } = (await tokens.read("a"))!;
          const next = token({ tokenHash: `${tokenHash}+`, expiresAt: Date.now() + expiresIn });
          expect(await tokens.rotate("a", tokenHash, next)).to.equal(true);
          await near("remember:a", Math.max(expiresIn, 1000), "the record");
        });
      await near("remember:a", HOUR, "create");
      await near("remember-user:ann", HOUR + WEEK, "the index after create");
      for (const expiresIn of [HOUR / 2, HOUR, 2 * HOUR, HOUR + WEEK / 2 - MINUTE]) {
        expect(await rotate(expiresIn), "scripts of a rotate").to.equal(1);
        await near("remember-user:ann", HOUR + WEEK, "the index is left alone");
      }
      expect(await rotate(10 * WEEK), "scripts of a rotate that the index would not outlive").to.equal(3);
      await near("remember-user:ann", 11 * WEEK, "the index is renewed");
      expect(await rotate(10 * WEEK + WEEK / 4)).to.equal(1);
      expect(await rotate(HOUR)).to.equal(1);
      await near("remember-user:ann", 11 * WEEK, "the index never goes back");
      expect((await tokens.listByUser("ann")).map(({ id }) => id)).to.eql(["a"]);
      await tokens.create("over", token({ expiresAt: Date.now() - HOUR }));
      expect(await ttl("latchkey:remember:over")).to.be.within(1, 1000);
    });

    it("renews the index of a remembered browser before it makes it live longer, so that a crash in between unlists none", async () => {
      await store.rememberTokens.create("a", token());
      let calls = 0;
      const failing = changedClient(client, {
        evalSha: (sha1, options) => (++calls === 3 ? Promise.reject(new Error("gone")) : client.evalSha(sha1, options)),
      });
      const later = token({ tokenHash: "second", expiresAt: Date.now() + 2 * WEEK });
      const broken = new RedisStore({ client: failing }).rememberTokens;
      expect(await broken.rotate("a", "first", later).catch((error) => error.message)).to.equal("gone");
      expect(await ttl("latchkey:remember:a")).to.be.at.most(HOUR);
      expect(await ttl("latchkey:remember-user:ann")).to.be.above(2.9 * WEEK);
      expect(await store.rememberTokens.rotate("a", "first", later)).to.equal(true);
    });

    it("compares a token and replaces it by one script, which a token that is refused costs too", async () => {
      await store.rememberTokens.create("a", token());
      await cli("CONFIG", "RESETSTAT");
      for (const [hash, next, done] of [
        ["first", "second", true],
        ["first", "third", false],
        ["second", "second", true],
      ] as const)
        expect(await store.rememberTokens.rotate("a", hash, token({ tokenHash: next }))).to.equal(done);
      for (let i = 0; i < 10; i++) await store.rememberTokens.read("a");
      const stats = await cli("INFO", "commandstats");
      expect(stats)
        .to.match(/cmdstat_evalsha:calls=3,/)
        .and.match(/cmdstat_get:calls=10,/);
    });

    it("leaves nothing of a user whose browsers were forgotten, and takes nothing for a rotate that was refused", async () => {
      const tokens = store.rememberTokens;
      for (const id of ["a", "b", "c"]) await tokens.create(id, token());
      await tokens.destroy("a");
      expect(await tokens.rotate("a", "first", token())).to.equal(false);
      expect(await tokens.rotate("none", "first", token({ expiresAt: Date.now() + WEEK }))).to.equal(false);
      expect(await cli("ZCARD", "latchkey:remember-user:ann")).to.equal("2");
      await tokens.destroyByUser("ann");
      expect(await cli("DBSIZE")).to.equal("0");
    });
  });
}
