import { expect } from "chai";
import { type NodeRedisClient, RedisStore } from "latchkey/stores/redis";
import { backendsHere } from "../support/backends.js";
import { changedClient, counting, newRecord, useRedisStore } from "../support/redis-store.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const INDEX = "latchkey:user:session:ann";
const ALL = { kind: "session", limit: 100 };

if ((await backendsHere("redis")).length > 0) {
  describe("the index of a user in a RedisStore", () => {
    const { cli, ttl, current } = useRedisStore();
    let client: NodeRedisClient;
    let store: RedisStore;
    let asked: ReturnType<typeof counting>["asked"];
    beforeEach(() => {
      const counted = counting(current().client);
      ({ client, asked } = counted);
      store = new RedisStore({ client });
    });

    const inHours = (hours: number) => newRecord({ expiresAt: Date.now() + hours * HOUR });
    const list = async () => (await store.listByUser("ann", ALL)).records.map(({ id }) => id).sort();
    const pages = async (limit: number, between: () => Promise<unknown> = async () => {}) => {
      const found: string[][] = [];
      for (let after: string | null | undefined; after !== null; await between()) {
        const { records, next }: Awaited<ReturnType<RedisStore["listByUser"]>> = await store.listByUser("ann", {
          kind: "session",
          limit,
          after,
        });
        found.push(records.map(({ id }) => id));
        after = next;
      }
      return found;
    };
    const scripts = async (work: () => Promise<unknown>) => (await asked(work)).scripts;
    /** A store whose client fails at the script call with this number. */
    const failingAt = (number: number) => {
      let calls = 0;
      const evalSha: NodeRedisClient["evalSha"] = (sha1, options) =>
        ++calls === number ? Promise.reject(new Error("gone")) : client.evalSha(sha1, options);
      return new RedisStore({ client: changedClient(client, { evalSha }) });
    };

    it("keeps an entry 1 hour to 1 week longer than its record, and rewrites it only when needed", async () => {
      const near = (actual: number, expected: number, what: string) =>
        expect(actual, what).to.be.within(expected - MINUTE, expected);
      const entryLives = async (expected: number, what: string) => {
        near(Number(await cli("ZSCORE", INDEX, "a")) - Date.now(), expected, `the entry after ${what}`);
        near(await ttl(INDEX), expected + HOUR, `the index after ${what}`);
      };
      await store.create("a", newRecord({ expiresAt: Date.now() + MINUTE }));
      await entryLives(HOUR + MINUTE, "create");
      expect(await scripts(() => store.touch("a", inHours(1)))).to.equal(1);
      await entryLives(HOUR + MINUTE, "a touch that the entry outlives");
      expect(await scripts(() => store.touch("a", inHours(2)))).to.equal(3);
      await entryLives(4 * HOUR, "a touch that the entry would not outlive");
      expect(await scripts(() => store.update("a", inHours(3.9)))).to.equal(1);
      expect(await scripts(() => store.update("a", { ...inHours(30 * 24), revision: 1 }))).to.equal(3);
      await entryLives(37 * DAY, "an update that the entry would not outlive");
      expect(await scripts(() => store.update("a", { ...inHours(1), revision: 2 }))).to.equal(1);
      await store.create("b", newRecord());
      await entryLives(37 * DAY, "an update to an earlier expiry, and another record");
      expect((await store.read("a"))?.revision).to.equal(3);
      expect(await list()).to.eql(["a", "b"]);
    });

    it("keeps the latest expiry when several touches run at once", async () => {
      await store.create("a", newRecord());
      await Promise.all([5, 9, 7, 3, 8].map((days) => store.touch("a", inHours(24 * days))));
      expect(Number(await cli("ZSCORE", INDEX, "a")) - Date.now()).to.be.within(16 * DAY - MINUTE, 16 * DAY);
      expect(await scripts(() => store.touch("a", inHours(24 * 16 - 1)))).to.equal(1);
      expect(await list()).to.eql(["a"]);
    });

    it("loses the entry of a deleted record, and is deleted with its last entry", async () => {
      for (const id of ["a", "b", "c"]) await store.create(id, newRecord());
      await store.destroy("a");
      expect(await cli("ZCARD", INDEX)).to.equal("2");
      expect(await store.destroyByUser("ann", ALL)).to.eql({ ended: 2, more: false });
      expect(await cli("DBSIZE")).to.equal("0");
      for (const verb of ["touch", "update"] as const) expect(await store[verb]("a", inHours(99))).to.equal(false);
      expect(await cli("DBSIZE"), "a call that returns false adds no entry").to.equal("0");
    });

    it("loses entries that expired over an hour ago at the next create(), without reading their records", async () => {
      const now = Date.now();
      const over = Array.from({ length: 50 }, (_, i) => [String(now - HOUR - 1000 - i), `expired ${i}`]).flat();
      await cli("ZADD", INDEX, ...over, String(now - HOUR + MINUTE), "just expired", String(now + HOUR), "not written");
      expect(await list()).to.eql([]);
      expect(await cli("ZCARD", INDEX)).to.equal("52");
      expect(await asked(() => store.create("a", newRecord()))).to.eql({ get: 0, scripts: 2 });
      expect((await cli("ZRANGE", INDEX, "0", "-1")).split("\n")).to.eql(["just expired", "not written", "a"]);
    });

    it("lists a record before the record is written, so that a crash in between hides no record", async () => {
      expect(
        await failingAt(2)
          .create("a", newRecord())
          .catch((error) => error.message),
      ).to.equal("gone");
      expect(await cli("KEYS", "*")).to.equal(INDEX);
      expect(await list()).to.eql([]);
      expect(await store.destroyByUser("ann", ALL)).to.eql({ ended: 0, more: false });
      expect(await cli("ZCARD", INDEX), "the record may still be written").to.equal("1");
      await store.create("a", newRecord());
      expect(await list()).to.eql(["a"]);
    });

    for (const verb of ["touch", "update"] as const) {
      it(`extends an entry before its record, so that a crash in between hides no record: ${verb}`, async () => {
        await store.create("a", newRecord());
        const later = inHours(14 * 24);
        expect(
          await failingAt(3)
            [verb]("a", later)
            .catch((error) => error.message),
        ).to.equal("gone");
        expect(await ttl("latchkey:record:a")).to.be.at.most(HOUR);
        expect(Number(await cli("ZSCORE", INDEX, "a"))).to.be.above(later.expiresAt);
        expect(await store[verb]("a", later)).to.equal(true);
        expect(await list()).to.eql(["a"]);
      });

      it(`after an eviction, lists a record again at the next ${verb} that must extend its entry`, async () => {
        await store.create("a", newRecord());
        await store.create("not changed", newRecord());
        await cli("DEL", INDEX);
        expect(await list()).to.eql([]);
        await store[verb]("a", inHours(1.5));
        expect(await list()).to.eql([]);
        await store[verb]("a", { ...inHours(3), revision: verb === "update" ? 1 : 0 });
        expect(await list()).to.eql(["a"]);
        expect((await store.read("not changed"))?.userId).to.equal("ann");
      });
    }

    it("returns pages that can start after any entry, even a deleted one", async () => {
      const ids = ["a", "b", "c", "d", "e", "f", "g"];
      const { expiresAt } = newRecord();
      for (const [i, id] of ids.entries()) {
        await store.create(id, newRecord({ expiresAt }));
        await cli("ZADD", INDEX, String(expiresAt + HOUR + (i > 3 ? 1 : 0)), id);
      }
      expect(await pages(3)).to.eql([["a", "b", "c"], ["d", "e", "f"], ["g"]]);
      expect(await pages(7)).to.eql([ids]);
      const { next } = await store.listByUser("ann", { kind: "session", limit: 3 });
      await store.destroy("c");
      const page = await store.listByUser("ann", { kind: "session", limit: 3, after: next! });
      expect(
        page.records.map(({ id }) => id),
        "records with the same expiry are listed again",
      ).to.eql(["a", "b", "d"]);
      expect(page.next).not.to.equal(null);
      await cli("DEL", INDEX);
      const none = await store.listByUser("ann", { kind: "session", limit: 3, after: page.next! });
      expect(none).to.eql({ records: [], damaged: [], next: null });
    });

    it("does not hide a record from a running list when the entry of the record is extended", async () => {
      for (let hours = 1; hours <= 6; hours++) await store.create(`${hours}`, inHours(hours));
      let step = 0;
      const found = await pages(2, () => store.touch(["1", "3", "5", "6"][step++] ?? "6", inHours(100)));
      expect([...new Set(found.flat())].sort()).to.eql(["1", "2", "3", "4", "5", "6"]);
    });

    it("rejects a cursor that is not from one of its pages", async () => {
      for (const after of ["x", "a:1", "1e9:a", "-1:a", ":a"]) {
        const error = await store.listByUser("ann", { ...ALL, after }).catch((caught: unknown) => caught);
        expect(error).to.be.instanceOf(TypeError).and.property("message", "after must be the next of a page");
      }
    });

    it("lists and deletes every record in steps when some entries have no record", async () => {
      for (let i = 0; i < 9; i++) await store.create(`${i}`, inHours(1 + i / 100));
      for (const i of [0, 1, 2, 3, 5, 8]) await cli("DEL", `latchkey:record:${i}`);
      expect(await pages(2)).to.eql([[], [], ["4"], ["6", "7"], []]);
      const step = () => store.destroyByUser("ann", { kind: "session", limit: 2 });
      expect([await step(), await step(), await step(), await step()]).to.eql([
        { ended: 1, more: true },
        { ended: 1, more: true },
        { ended: 1, more: true },
        { ended: 0, more: false },
      ]);
      expect(await cli("ZCARD", INDEX)).to.equal("6");
      expect(await list()).to.eql([]);
    });

    it("lists and deletes 10,000 sessions in steps of limited size", async () => {
      const ids = Array.from({ length: 10_000 }, (_, i) => `${i}`);
      const expiresAt = Date.now() + HOUR;
      // In steps, because the client limits how long a command may wait in its queue.
      for (let i = 0; i < ids.length; i += 500) {
        await Promise.all(ids.slice(i, i + 500).map((id) => store.create(id, newRecord({ expiresAt }))));
      }
      const found = await pages(1000);
      expect(found.map((page) => page.length)).to.eql(Array(10).fill(1000));
      expect(found.flat().sort()).to.eql([...ids].sort());
      for (let left = 10; left > 0; left--) {
        const end = async () =>
          expect(await store.destroyByUser("ann", { kind: "session", limit: 1000 })).to.eql({
            ended: 1000,
            more: left > 1,
          });
        expect(await scripts(end)).to.be.at.most(1005);
      }
      expect(await cli("DBSIZE")).to.equal("0");
    });
  });
}
