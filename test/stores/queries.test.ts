import { expect } from "chai";
import type { SessionRecord } from "latchkey";
import sinon from "sinon";
import { backendsHere, SQL, shared } from "../support/backends.js";
import { redisCli } from "../support/redis-servers.js";
import { statementsOf } from "../support/statements.js";

/** Invalid ids. A query string or a JSON body can contain many of them. */
const HOSTILE = [
  ...[undefined, null, "", 0, 1, true, [], ["a"], {}, { $ne: 1 }, { id: "a" }, { toString: () => "a" }],
  ...[Symbol("a"), () => "a", Buffer.from("a"), Number.NaN, new Date(0), "a\0b", "\ud800"],
] as unknown as string[];

const here = await backendsHere("redis", "sqlite", "postgres", "mariadb", ...SQL);

function newRecord(): SessionRecord {
  const now = Date.now();
  const instants = { createdAt: now, lastSeenAt: now, expiresAt: now + 60_000 };
  return { kind: "session", userId: "ann", data: {}, ...instants, revision: 0 };
}

describe("an invalid id", () => {
  afterEach(() => sinon.restore());

  for (const { name, open } of here) {
    it(`ASVS 1.2.4: is rejected by every method without a query to ${name} (CVE-2022-33171, CVE-2025-60542, findOneBy of undefined)`, async () => {
      const opened = await open();
      const { store, close } = opened;
      try {
        const sent = opened.query && statementsOf(opened);
        const asked = async () => {
          if (sent) return sent.length;
          const { port } = await shared.redis();
          const stats = await redisCli(port, "INFO", "commandstats");
          return [...stats.matchAll(/^cmdstat_(?!info)\S+:calls=(\d+)/gm)].reduce(
            (sum, [, calls]) => sum + Number(calls),
            0,
          );
        };
        const record = newRecord();
        await store.create("a", record);
        const before = await asked();
        expect(before, "the test counts queries").to.be.above(0);
        for (const id of HOSTILE) {
          const owned = id === null ? "" : id; // null is valid: it means a session without a user
          const page = { kind: "session", limit: 10 };
          const calls = [
            () => store.create(id, record),
            () => store.read(id),
            () => store.update(id, record),
            () => store.touch(id, record),
            () => store.destroy(id),
            () => store.listByUser(id, page),
            () => store.destroyByUser(id, page),
            () => store.create("b", { ...record, userId: owned }),
            ...(id === undefined ? [] : [() => store.listByUser("ann", { ...page, after: id })]),
            () => store.create("b", { ...record, kind: id }),
            () => store.listByUser("ann", { ...page, kind: id }),
            () => store.destroyByUser("ann", { ...page, kind: id }),
          ];
          for (const call of calls) {
            const error = await call().then(
              () => "it resolved",
              (reason: unknown) => reason,
            );
            expect(error, `${call} with ${typeof id}`).to.be.instanceOf(TypeError);
          }
        }
        expect(await asked()).to.equal(before);
        expect(await store.read("a")).to.eql(record);
      } finally {
        await close();
      }
    });
  }
});
