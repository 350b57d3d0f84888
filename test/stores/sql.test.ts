import Database from "better-sqlite3";
import { expect } from "chai";
import type { SessionRecord, SessionStore } from "latchkey";
import { betterSqlite3, mysql2, type SqlDatabase, SqlStore } from "latchkey/stores/sql";
import { createPool } from "mysql2/promise";
import sinon from "sinon";
import { backendsHere, type Opened, SQL, shared } from "../support/backends.js";
import { everyVerb } from "../support/every-verb.js";
import { runProgram } from "../support/program.js";
import { aroundStatements, statementsOf, verbsOf } from "../support/statements.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PAGE = { kind: "session", limit: 10 };

function record(parts: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  const instants = { createdAt: now, lastSeenAt: now, expiresAt: now + MINUTE };
  return { kind: "session", userId: "ann", data: {}, ...instants, revision: 0, ...parts };
}

for (const { name, open } of await backendsHere(...SQL)) {
  describe(`SqlStore (${name})`, () => {
    let opened: Opened;
    let store: SessionStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(async () => {
      sinon.restore();
      await opened?.close();
    });

    /** Runs `work` once, before the next DELETE. */
    function beforeDelete(work: () => Promise<unknown>): void {
      let isDone = false;
      aroundStatements(opened.database!, async (sql, send) => {
        if (!isDone && /^DELETE/.test(sql)) {
          isDone = true;
          await work();
        }
        return send();
      });
    }

    it("sends one statement for each method, and a second one to delete the rows that it found", async () => {
      const sent = statementsOf(opened);
      const verbs = async (work: () => Promise<unknown>) => {
        sent.length = 0;
        const result = await work();
        return [result, verbsOf(sent)];
      };
      const kept = record();
      expect(await verbs(() => store.create("a", kept))).to.eql([undefined, ["INSERT"]]);
      expect(await verbs(() => store.read("a"))).to.eql([kept, ["SELECT"]]);
      expect(await verbs(() => store.update("a", kept))).to.eql([true, ["UPDATE"]]);
      expect(await verbs(() => store.update("a", kept))).to.eql([false, ["UPDATE"]]);
      const later = { lastSeenAt: Date.now() + 1, expiresAt: Date.now() + 2 * MINUTE };
      expect(await verbs(() => store.touch("a", later))).to.eql([true, ["UPDATE"]]);
      const none = { records: [], damaged: [], next: null };
      expect(await verbs(() => store.listByUser("bob", PAGE))).to.eql([none, ["SELECT"]]);
      const updated = { ...kept, ...later, revision: 1 };
      expect(await verbs(() => store.destroy("a"))).to.eql([updated, ["SELECT", "DELETE"]]);
      expect(await verbs(() => store.destroy("a"))).to.eql([null, ["SELECT"]]);
      expect(await verbs(() => store.destroyByUser("ann", PAGE))).to.eql([{ ended: 0, more: false }, ["SELECT"]]);
      await store.create("a", kept);
      const ended = { ended: 1, more: false };
      expect(await verbs(() => store.destroyByUser("ann", PAGE))).to.eql([ended, ["SELECT", "DELETE"]]);
      expect(await verbs(() => store.prune())).to.eql([0, ["SELECT"]]);
      await store.create("over", record({ expiresAt: 1 }));
      // Two statements take the lease, two find and delete the row, and one ends the lease.
      const pruned = ["SELECT", "INSERT", "SELECT", "DELETE", "DELETE"];
      expect(await verbs(() => store.prune())).to.eql([1, pruned]);
    });

    it("uses a small number of different statements for all limits", async () => {
      const sent = statementsOf(opened);
      for (let limit = 1; limit <= 33; limit++) {
        for (let n = 0; n < limit; n++) await store.create(`${limit}-${n}`, record());
        const { next } = await store.listByUser("ann", { kind: "session", limit });
        await store.listByUser("ann", { kind: "session", limit, after: next ?? "a" });
        expect(await store.destroyByUser("ann", { kind: "session", limit })).to.eql({ ended: limit, more: false });
        for (let n = 0; n < limit; n++) await store.create(`${limit}-${n}`, record({ expiresAt: 1 }));
        expect(await store.prune({ limit })).to.equal(limit);
      }
      // Four statements of one row, and six statements with seven sizes each (the powers of two from 1 to 64).
      expect(new Set(sent).size).to.be.at.most(6 * 7 + 4);
    });

    it("replaces an expired row, even with the same record, but never a live row", async () => {
      const expired = record({ expiresAt: 2 });
      await store.create("over", expired);
      await store.create("over", expired);
      await store.create("over", record({ kind: "browser", userId: "bob", data: { n: 1 } }));
      const live = record();
      await store.create("live", live);
      for (const taken of [live, expired, record({ userId: "bob" })]) {
        const error = await store.create("live", taken).catch((reason) => reason);
        expect(error).to.have.property("code", "session_exists");
      }
      expect(await store.read("live")).to.eql(live);
      expect(await store.read("over")).to.include({ kind: "browser", userId: "bob" });
    });

    it("prunes thousands of rows in batches, also rows with the same expiry, and stops at the limit", async () => {
      const rows = Array.from({ length: 1801 }, (_, n) => {
        const expiresAt = n < 1200 ? 1 : n;
        return `('over ${n}', 'session', '{}', 1, 1, ${expiresAt}, ${HOUR}, 0)`;
      });
      const columns = "id, kind, data, created_at, last_seen_at, expires_at, prune_after, revision";
      await opened.query!(`INSERT INTO ${opened.table} (${columns}) VALUES ${rows.join(", ")}`);
      await store.create("live", record());
      expect([await store.prune({ limit: 601 }), await store.prune(), await store.prune()]).to.eql([601, 1200, 0]);
      expect(await store.prune({ limit: 0.5 })).to.equal(0);
      expect(await store.read("live")).not.to.equal(null);
    });

    it("prunes rows that have just expired, but not rows that expire later in the same hour", async () => {
      const hour = Math.ceil(Date.now() / HOUR) * HOUR;
      for (const minutes of [0, 1, 2, 59, 60, 61]) {
        await store.create(`${minutes}`, record({ expiresAt: hour + minutes * MINUTE }));
      }
      sinon.useFakeTimers({ now: hour + 2 * MINUTE, toFake: ["Date"] });
      expect([await store.prune(), await store.prune()]).to.eql([3, 0]);
      sinon.clock.setSystemTime(hour + HOUR);
      expect([await store.prune(), await store.prune()]).to.eql([2, 0]);
      expect(await store.prune()).to.equal(0);
      expect(await store.read("61")).not.to.equal(null);
    });

    it("raises prune_after when a touch reaches a later hour, and lowers it only on update", async () => {
      const hour = Math.ceil(Date.now() / HOUR) * HOUR;
      const pruneAfter = async () => {
        const [row] = await opened.query!(`SELECT prune_after AS pruneafter FROM ${opened.table}`);
        return (Number(row!.pruneafter) - hour) / HOUR;
      };
      await store.create("a", record({ expiresAt: hour + 1 }));
      expect(await pruneAfter()).to.equal(1);
      for (const [expiresAt, hours] of [
        [hour + 2, 1],
        [hour + HOUR, 1],
        [hour + HOUR + 1, 2],
        [hour + 1, 2],
      ] as const) {
        await store.touch("a", { lastSeenAt: Date.now(), expiresAt });
        expect(await pruneAfter()).to.equal(hours);
      }
      await store.update("a", record({ expiresAt: hour }));
      expect(await pruneAfter()).to.equal(0);
    });

    if (name === "sql on pg") {
      it("touches rows with HOT updates, which do not write to the indexes", async () => {
        const { database, table } = opened;
        const hour = Math.ceil(Date.now() / HOUR) * HOUR;
        for (let n = 0; n < 200; n++) await store.create(`${n}`, record({ expiresAt: hour + 1 }));
        for (let n = 0; n < 200; n += 10) await store.touch(`${n}`, { lastSeenAt: Date.now(), expiresAt: hour + 2 });
        await database!.all("SELECT pg_stat_force_next_flush()", [], MINUTE);
        const sql = "SELECT n_tup_upd AS updated, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = $1";
        expect(await database!.all(sql, [table!], MINUTE)).to.eql([{ updated: "20", hot: "20" }]);
      });
    }

    it("destroy returns what another client writes between its two statements", async () => {
      const kept = record({ data: { n: 1 } });
      await store.create("a", kept);
      const second = (await opened.another!()) as SqlStore;
      beforeDelete(() => second.update("a", { ...kept, data: { n: 2 } }));
      expect(await store.destroy("a")).to.eql({ ...kept, data: { n: 2 }, revision: 1 });
      expect(await store.read("a")).to.equal(null);
    });

    it("deletes a record at the 30th try at the latest, even if the record changes before every try", async () => {
      const kept = record();
      await store.create("a", kept);
      const second = await opened.another!();
      let updates = 0;
      aroundStatements(opened.database!, async (sql, send) => {
        if (/^DELETE/.test(sql)) await second.update("a", { ...kept, revision: updates++ });
        return send();
      });
      expect((await store.destroy("a"))?.revision).to.equal(29);
      expect([updates, await second.read("a")]).to.eql([30, null]);
    });

    it("destroyByUser keeps a record that replaced the one it found, and destroy deletes the new record", async () => {
      const second = await opened.another!();
      const taking = record({ kind: "ended" });
      const replace = async () => {
        await second.destroy("a");
        await second.create("a", taking);
      };
      await store.create("a", record());
      beforeDelete(replace);
      expect(await store.destroyByUser("ann", PAGE)).to.eql({ ended: 0, more: false });
      expect(await store.read("a")).to.eql(taking);

      sinon.restore();
      await store.destroy("a");
      await store.create("a", record());
      beforeDelete(replace);
      expect(await store.destroy("a"), "found by its second SELECT").to.eql(taking);
    });

    it("lists the ids of rows that it cannot decode, and deletes those rows like any other", async () => {
      for (const id of ["a", "b", "c", "d"]) await store.create(id, record());
      await opened.query!(`UPDATE ${opened.table} SET data = '{"cut' WHERE id <> 'b'`);
      const { records, damaged, next } = await store.listByUser("ann", { kind: "session", limit: 3 });
      expect([records.map(({ id }) => id), damaged, next]).to.eql([["b"], ["a", "c"], "c"]);
      const error = await store.read("a").catch((reason) => reason);
      expect(error).to.have.property("code", "record_damaged");
      expect([await store.destroy("a"), await store.read("a")]).to.eql([null, null]);
      expect(await store.destroyByUser("ann", PAGE)).to.eql({ ended: 3, more: false });
      expect(await opened.query!(`SELECT id FROM ${opened.table}`)).to.have.lengthOf(0);
    });

    it("deletes more records of a user than one statement can delete", async () => {
      const expiresAt = Date.now() + HOUR;
      const rows = Array.from({ length: 1300 }, (_, n) => {
        return `('${n}', 'session', 'ann', '{}', 1, 1, ${expiresAt}, ${expiresAt}, 0)`;
      });
      const columns = "id, kind, user_id, data, created_at, last_seen_at, expires_at, prune_after, revision";
      await opened.query!(`INSERT INTO ${opened.table} (${columns}) VALUES ${rows.join(", ")}`);
      const end = (limit: number) => store.destroyByUser("ann", { kind: "session", limit });
      expect(await end(1200)).to.eql({ ended: 1200, more: true });
      expect(await end(100)).to.eql({ ended: 100, more: false });
    });

    it("rejects when the database fails, instead of reporting that there is no session", async () => {
      await store.create("a", record());
      await opened.query!(`DROP TABLE ${opened.table}`);
      for (const call of [...everyVerb(store, record), () => store.prune()])
        expect(await call().catch((error) => error), String(call)).to.be.instanceOf(Error);
    });

    it("passes a timeout to each statement: 2 seconds or the option, and 1 minute for those that look for expired rows", async () => {
      const given: number[] = [];
      const { database } = opened;
      const all: SqlDatabase["all"] = async (sql, _values, timeout) => {
        given.push(timeout);
        return /UNION/.test(sql) ? [{ id: "over" }] : [];
      };
      const run: SqlDatabase["run"] = async (_sql, _values, timeout) => {
        given.push(timeout);
        return 1;
      };
      await new SqlStore({ ...database!, all }).read("a");
      await new SqlStore({ ...database!, all }, { timeout: 3000 }).read("a");
      await new SqlStore({ ...database!, all, run }).prune();
      expect(given).to.eql([2000, 3000, 2000, 2000, MINUTE, 2000]);
    });
  });
}

describe("SqlStore on a MariaDB connection without the flag FOUND_ROWS", () => {
  it("reports a row as found even if the write changes no value", async () => {
    if ((await backendsHere("sql on mysql2")).length === 0) return;
    const pool = createPool({ uri: (await shared.mariadb()).url, flags: ["-FOUND_ROWS"] });
    const database = mysql2(pool);
    const store = new SqlStore(database, { tablePrefix: "without_flag_", timeout: MINUTE });
    try {
      await store.migrate();
      const kept = record();
      await store.create("a", kept);
      expect(await database.run("UPDATE without_flag_sessions SET data = data", [], MINUTE)).to.equal(0);
      for (const id of ["a", "none"]) {
        const outcomes = [
          await store.touch(id, kept),
          await store.touch(id, { lastSeenAt: 1, expiresAt: 1 }),
          await store.update(id, kept),
          await store.update(id, { ...kept, revision: 1 }),
        ];
        expect(outcomes).to.eql(outcomes.map(() => id === "a"));
      }
      expect(await store.update("a", kept)).to.equal(false);
    } finally {
      await pool.end();
    }
  });
});

describe("SqlStore", () => {
  let database: SqlDatabase;
  beforeEach(async () => {
    database = betterSqlite3(new Database(":memory:"));
    await new SqlStore(database).migrate();
  });
  afterEach(() => sinon.restore());

  it("throws if the argument is not a database, and says what the argument is", () => {
    const methods = { all: async () => [], run: async () => 0 };
    for (const [wrong, says] of [
      [undefined, "it is undefined"],
      [new Database(":memory:"), "but it is an object of the class Database"],
      [{ ...methods }, "it is object"],
      ["postgres://u:hunter2@localhost", "it is a string"],
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

  it("retries the errors that the database itself reports as transient", async () => {
    let tries = 0;
    aroundStatements(database, async () => {
      tries++;
      throw new Error("try later");
    });
    const server = { ...database, dialect: "postgres" as const };
    const asking = { ...server, isTransient: (error: unknown) => (error as Error).message === "try later" };
    await new SqlStore(asking).read("a").catch(() => {});
    expect(tries).to.equal(4);
    await new SqlStore(server).read("a").catch(() => {});
    expect(tries).to.equal(5);
  });

  it("prunes at the interval pruneEvery with jitter, also after a failure, until it is closed", async () => {
    const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    sinon.stub(Math, "random").returns(0.75);
    const store = new SqlStore(database, { pruneEvery: MINUTE });
    const prune = sinon.stub(store, "prune").resolves(0);
    await clock.tickAsync(1.25 * MINUTE - 1);
    expect(prune.callCount).to.equal(0);
    await clock.tickAsync(1);
    expect(prune.callCount).to.equal(1);
    sinon.stub(process, "emitWarning"); // the failure is a warning
    prune.rejects(new Error("database is locked"));
    await clock.tickAsync(1.25 * MINUTE);
    expect(prune.callCount).to.equal(2);

    let finish!: (pruned: number) => void;
    prune.returns(
      new Promise((resolve) => {
        finish = resolve;
      }),
    );
    await clock.tickAsync(10 * MINUTE);
    expect(prune.callCount, "one prune at a time").to.equal(3);
    await store.close();
    finish(0);
    await clock.tickAsync(10 * MINUTE);
    expect(prune.callCount, "after close()").to.equal(3);
  });

  it("does not keep the process alive with its timer", async () => {
    const program = `import Database from "better-sqlite3";
      import { betterSqlite3, SqlStore } from "latchkey/stores/sql";
      new SqlStore(betterSqlite3(new Database(":memory:")), { pruneEvery: 3_600_000 });
      console.log("end");`;
    expect(await runProgram(program)).to.eql({ code: 0, output: "end" });
  });
});
