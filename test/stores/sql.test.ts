import Database from "better-sqlite3";
import { expect } from "chai";
import type { RememberTokenRecord, SessionRecord } from "latchkey";
import { betterSqlite3, mysql2, type SqlDatabase, SqlStore } from "latchkey/stores/sql";
import { createPool } from "mysql2/promise";
import sinon from "sinon";
import { backendsHere, type Opened, SQL, shared } from "../support/backends.js";
import { everyTokenVerb, everyVerb } from "../support/every-verb.js";
import { runProgram } from "../support/program.js";
import { aroundStatements, statementsOf, verbsOf } from "../support/statements.js";

const MINUTE = 60_000;

function record(parts: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  return { userId: "ann", data: {}, createdAt: now, lastSeenAt: now, expiresAt: now + MINUTE, revision: 0, ...parts };
}

function token(parts: Partial<RememberTokenRecord> = {}): RememberTokenRecord {
  const now = Date.now();
  return { userId: "ann", tokenHash: "first", data: {}, createdAt: now, expiresAt: now + MINUTE, ...parts };
}

for (const { name, open } of await backendsHere(...SQL)) {
  describe(`SqlStore (${name})`, () => {
    let opened: Opened;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(async () => {
      sinon.restore();
      await opened?.close();
    });

    it("needs one statement for each verb", async () => {
      const { store } = opened;
      const tokens = store.rememberTokens!;
      const sent = statementsOf(opened);
      const verbs = async (work: () => Promise<unknown>) => {
        sent.length = 0;
        const result = await work();
        return [result, verbsOf(sent)];
      };
      const [kept, remembered] = [record(), token()];
      expect(await verbs(() => store.create("a", kept))).to.eql([undefined, ["INSERT"]]);
      expect(await verbs(() => store.read("a"))).to.eql([kept, ["SELECT"]]);
      expect(await verbs(() => store.update("a", kept))).to.eql([true, ["UPDATE"]]);
      expect(await verbs(() => store.update("a", kept))).to.eql([false, ["UPDATE"]]);
      const later = { lastSeenAt: Date.now() + 1, expiresAt: Date.now() + 2 * MINUTE };
      expect(await verbs(() => store.touch("a", later))).to.eql([true, ["UPDATE"]]);
      expect(await verbs(() => store.listByUser("bob"))).to.eql([[], ["SELECT"]]);
      expect(await verbs(() => store.destroy("a"))).to.eql([true, ["DELETE"]]);
      expect(await verbs(() => store.destroyByUser("ann"))).to.eql([0, ["DELETE"]]);
      expect(await verbs(() => store.prune())).to.eql([0, ["SELECT"]]);
      expect(await verbs(() => tokens.create("a", remembered))).to.eql([undefined, ["INSERT"]]);
      const next = token({ tokenHash: "next" });
      expect(await verbs(() => tokens.rotate("a", "first", next))).to.eql([true, ["UPDATE"]]);
      expect(await verbs(() => tokens.rotate("a", "first", next))).to.eql([false, ["UPDATE"]]);
    });

    it("replaces an expired row, even by the same record, and never a live one", async () => {
      const { store } = opened;
      const expired = record({ expiresAt: 2 });
      await store.create("over", expired);
      await store.create("over", expired);
      await store.create("over", record({ data: { n: 1 } }));
      const live = record();
      await store.create("live", live);
      for (const taken of [live, expired, record({ userId: "bob" })]) {
        const error = await store.create("live", taken).catch((reason) => reason);
        expect(error).to.have.property("code", "session_exists");
      }
      expect(await store.read("live")).to.eql(live);
      expect((await store.read("over"))!.data).to.eql({ n: 1 });
    });

    it("prunes thousands in batches, those with one expiry too, and no more than the limit", async () => {
      const { store, query, tables } = opened;
      const rows = Array.from({ length: 1801 }, (_, n) => `('over ${n}', '{}', 1, 1, ${n < 1200 ? 1 : n}, 0)`);
      const columns = "id, data, created_at, last_seen_at, expires_at, revision";
      await query!(`INSERT INTO ${tables!.sessions} (${columns}) VALUES ${rows.join(", ")}`);
      await store.create("live", record());
      expect([await store.prune({ limit: 601 }), await store.prune(), await store.prune()]).to.eql([601, 1200, 0]);
      expect(await store.read("live")).not.to.equal(null);
    });

    it("rejects, rather than to say that there is no session, when the database fails", async () => {
      const { store } = opened;
      await store.create("a", record());
      const tokens = store.rememberTokens!;
      await tokens.create("a", token());
      for (const table of Object.values(opened.tables!)) await opened.query!(`DROP TABLE ${table}`);
      const verbs = [...everyVerb(store, record), ...everyTokenVerb(tokens, token)];
      for (const call of [...verbs, () => store.prune(), () => tokens.prune()])
        expect(await call().catch((error) => error), String(call)).to.be.instanceOf(Error);
    });

    it("gives each statement its timeout", async () => {
      const given: number[] = [];
      const { database } = opened;
      const all: SqlDatabase["all"] = async (_sql, _values, timeout) => {
        given.push(timeout);
        return [];
      };
      await new SqlStore({ ...database!, all }).read("a");
      await new SqlStore({ ...database!, all }, { timeout: 3000 }).read("a");
      expect(given).to.eql([2000, 3000]);
    });
  });
}

describe("SqlStore on a MariaDB connection without the flag FOUND_ROWS", () => {
  afterEach(() => sinon.restore());

  it("finds what is there, though nothing changes", async () => {
    if ((await backendsHere("sql on mysql2")).length === 0) return;
    const pool = createPool({ uri: (await shared.mariadb()).url, flags: ["-FOUND_ROWS"] });
    const database = mysql2(pool);
    const store = new SqlStore(database, { tablePrefix: "without_flag_", timeout: MINUTE });
    try {
      await store.migrate();
      const [kept, remembered] = [record(), token()];
      await store.create("a", kept);
      await store.rememberTokens.create("a", remembered);
      expect(await database.run("UPDATE without_flag_sessions SET data = data", [], MINUTE)).to.equal(0);
      for (const id of ["a", "none"]) {
        const outcomes = [
          await store.touch(id, kept),
          await store.touch(id, { lastSeenAt: 1, expiresAt: 1 }),
          await store.rememberTokens.rotate(id, "first", remembered),
          await store.update(id, kept),
        ];
        expect(outcomes).to.eql(outcomes.map(() => id === "a"));
      }
      expect(await store.rememberTokens.rotate("a", "other", remembered)).to.equal(false);
      expect(await store.rememberTokens.rotate("a", "other", token({ tokenHash: "other" }))).to.equal(false);
      expect(await store.rememberTokens.rotate("a", "first", { ...remembered, userId: "bob" })).to.equal(false);
    } finally {
      await pool.end();
    }
  });

  it("does not take a record of the same values for the one that it was asked to replace", async () => {
    // A token that another request gave back between the UPDATE and the look at the row.
    const kept = token();
    const { userId, tokenHash, createdAt, expiresAt } = kept;
    const row = {
      id: "a",
      userid: userId,
      tokenhash: tokenHash,
      data: "{}",
      createdat: createdAt,
      expiresat: expiresAt,
    };
    const database: SqlDatabase = { dialect: "mysql", all: async () => [row], run: async () => 0 };
    const { rememberTokens } = new SqlStore(database);
    expect(await rememberTokens.rotate("a", "first", kept)).to.equal(true);
    expect(await rememberTokens.rotate("a", "first", { ...kept, data: { n: 1 } })).to.equal(false);
    expect(await rememberTokens.rotate("a", "zeroth", kept)).to.equal(false);
  });
});

describe("SqlStore", () => {
  let database: SqlDatabase;
  beforeEach(async () => {
    database = betterSqlite3(new Database(":memory:"));
    await new SqlStore(database).migrate();
  });
  afterEach(() => sinon.restore());

  it("throws if it is not given a database, and says what it was given", () => {
    const methods = { all: async () => [], run: async () => 0 };
    for (const [wrong, says] of [
      [undefined, "it is undefined"],
      [new Database(":memory:"), "it is an object of the class Database"],
      [{ ...methods }, "it is object"],
      ["postgres://localhost", 'it is "postgres://localhost"'],
      [{ ...methods, dialect: "oracle" }, 'not "oracle"'],
    ] as const)
      expect(() => new SqlStore(wrong as never), says).to.throw(TypeError, says);
  });

  it("throws for an invalid option", () => {
    for (const wrong of [0, -1, Number.NaN, 2 ** 31, "1m"] as number[]) {
      expect(() => new SqlStore(database, { pruneEvery: wrong })).to.throw(TypeError, "pruneEvery");
      expect(() => new SqlStore(database, { timeout: wrong })).to.throw(TypeError, "timeout");
    }
    expect(() => new SqlStore(database, { tablePrefix: "a b" })).to.throw(TypeError, "tablePrefix");
  });

  it("asks the database which errors are transient, if it knows", async () => {
    let tries = 0;
    aroundStatements(database, async () => {
      tries++;
      throw new Error("try later");
    });
    const asking = { ...database, isTransient: (error: unknown) => (error as Error).message === "try later" };
    await new SqlStore(asking).read("a").catch(() => {});
    expect(tries).to.equal(4);
    await new SqlStore(database).read("a").catch(() => {});
    expect(tries).to.equal(5);
  });

  it("prunes both tables about as often as it is told, with jitter, the second one though the first fails", async () => {
    const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    sinon.stub(Math, "random").returns(0.75);
    const store = new SqlStore(database, { pruneEvery: MINUTE });
    const first = sinon.stub(store, "prune").resolves(0);
    const second = sinon.stub(store.rememberTokens, "prune").resolves(0);
    const counts = () => [first.callCount, second.callCount];
    await clock.tickAsync(1.25 * MINUTE - 1);
    expect(counts()).to.eql([0, 0]);
    await clock.tickAsync(1);
    expect(counts()).to.eql([1, 1]);
    first.rejects(new Error("database is locked"));
    await clock.tickAsync(1.25 * MINUTE);
    expect(counts()).to.eql([2, 2]);

    let finish!: (pruned: number) => void;
    second.returns(
      new Promise((resolve) => {
        finish = resolve;
      }),
    );
    await clock.tickAsync(10 * MINUTE);
    expect(counts(), "one at a time").to.eql([3, 3]);
    await store.close();
    finish(0);
    await clock.tickAsync(10 * MINUTE);
    expect(counts(), "after close()").to.eql([3, 3]);
  });

  it("does not keep the process alive by its timer", async () => {
    const program = `import Database from "better-sqlite3";
      import { betterSqlite3, SqlStore } from "latchkey/stores/sql";
      new SqlStore(betterSqlite3(new Database(":memory:")), { pruneEvery: 3_600_000 });
      console.log("end");`;
    expect(await runProgram(program)).to.eql({ code: 0, output: "end" });
  });
});
