import { expect } from "chai";
import { type SqlDatabase, SqlStore } from "latchkey/stores/sql";
import sinon from "sinon";
import { backendsHere, type Opened, SQL } from "../support/backends.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PRUNERS = 12;
const COLUMNS = "id, kind, user_id, data, created_at, last_seen_at, expires_at, prune_after, revision";

for (const { name, open } of await backendsHere(...SQL)) {
  describe(`pruning a table of ${name}`, () => {
    let opened: Opened;
    let database: SqlDatabase;
    /** How many rows one statement deletes. */
    const batch = name.endsWith("sqlite3") ? 512 : 999;
    beforeEach(async () => {
      opened = await open();
      database = opened.database!;
    });
    afterEach(async () => {
      sinon.restore();
      await opened?.close();
    });

    const tablePrefix = () => opened.table!.slice(0, -"sessions".length);
    const storeOn = (on: SqlDatabase) => new SqlStore(on, { tablePrefix: tablePrefix(), timeout: MINUTE });

    /** A store whose statements pass through a function, as another process would have. */
    function storeThrough(around: <T>(sql: string, send: () => Promise<T>) => Promise<T>): SqlStore {
      const { all, run } = database;
      return storeOn({
        ...database,
        all: (...statement) => around(statement[0], () => all.apply(database, statement)),
        run: (...statement) => around(statement[0], () => run.apply(database, statement)),
      });
    }

    async function addRows(count: number, expiresAt: number, called = "over"): Promise<void> {
      const after = Math.ceil(expiresAt / HOUR) * HOUR;
      const rows = Array.from({ length: count }, (_, n) => {
        return `('${called} ${n}', 'session', 'ann', '{}', 1, 1, ${expiresAt}, ${after}, 0)`;
      });
      await opened.query!(`INSERT INTO ${opened.table} (${COLUMNS}) VALUES ${rows.join(", ")}`);
    }

    /** The number of rows, with the row of the lease. */
    async function rowsLeft(): Promise<number> {
      const [row] = await opened.query!(`SELECT count(*) AS n FROM ${opened.table}`);
      return Number(row!.n);
    }

    /** Starts to prune in a process that is then stopped at its first DELETE of rows. */
    async function pruneHalted(): Promise<{ goOn(): void; pruned: Promise<number> }> {
      let goOn!: () => void;
      const going = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      let isHalted!: () => void;
      const halted = new Promise<void>((resolve) => {
        isHalted = resolve;
      });
      const pruned = storeThrough(async (sql, send) => {
        if (!/^DELETE.* IN /.test(sql)) return send();
        isHalted();
        await going;
        return send();
      }).prune();
      await halted;
      return { goOn, pruned };
    }

    it("needs at most twice the statements of one pruner when 12 prune 20,000 rows at once", async () => {
      let sent = 0;
      const pruner = () =>
        storeThrough((_sql, send) => {
          sent++;
          return send();
        });
      await addRows(20_000, 1);
      await addRows(100, Date.now() + HOUR, "live");
      expect(await pruner().prune()).to.equal(20_000);
      const alone = sent;

      await addRows(20_000, 1);
      sent = 0;
      const removed = await Promise.all(Array.from({ length: PRUNERS }, () => pruner().prune()));
      expect(removed.reduce((sum, one) => sum + one)).to.equal(20_000);
      expect(sent, `one pruner sent ${alone}`).to.be.at.most(2 * alone);
      expect(await rowsLeft()).to.equal(100);
    });

    it("resolves with 0 while another process prunes, and that one then removes all rows", async () => {
      await addRows(2000, 1);
      const { goOn, pruned } = await pruneHalted();
      expect([await storeOn(database).prune(), await storeOn(database).prune()]).to.eql([0, 0]);
      goOn();
      expect(await pruned).to.equal(2000);
      expect(await rowsLeft()).to.equal(0);
    });

    it("can prune again half a minute after a process was killed while it pruned", async () => {
      await addRows(10, 1);
      await pruneHalted();
      const now = Date.now();
      sinon.useFakeTimers({ now: now + 20_000, toFake: ["Date"] });
      expect(await storeOn(database).prune()).to.equal(0);
      sinon.clock.setSystemTime(now + 31_000);
      expect(await storeOn(database).prune()).to.equal(10);
      expect(await rowsLeft()).to.equal(0);
    });

    it("stops after a long pause if another process prunes by then, and leaves it the lease", async () => {
      await addRows(2000, 1);
      const first = await pruneHalted();
      const now = Date.now();
      sinon.useFakeTimers({ now: now + 31_000, toFake: ["Date"] });
      const second = await pruneHalted();
      first.goOn();
      const removed = await first.pruned;
      expect(removed).to.equal(batch); // the batch that it had begun
      expect(await storeOn(database).prune(), "while the second one prunes").to.equal(0);
      second.goOn();
      expect(removed + (await second.pruned)).to.equal(2000);
      expect(await rowsLeft()).to.equal(0);
    });

    it("keeps the lease of a prune that takes longer than half a minute", async () => {
      await addRows(2000, 1);
      const now = Date.now();
      sinon.useFakeTimers({ now, toFake: ["Date"] });
      const others: number[] = [];
      const removed = await storeThrough(async (sql, send) => {
        if (!/^DELETE.* IN /.test(sql)) return send();
        sinon.clock.setSystemTime(Date.now() + 15_000);
        others.push(await storeOn(database).prune());
        return send();
      }).prune();
      expect([removed, others]).to.eql([2000, Array(Math.ceil(2000 / batch)).fill(0)]);
    });

    it("lets one process prune at a time if the clock of another is almost a minute behind, or half a minute ahead", async () => {
      await addRows(2000, 1);
      const first = await pruneHalted();
      for (const off of [-59_000, 29_000]) {
        const clock = sinon.useFakeTimers({ now: Date.now() + off, toFake: ["Date"] });
        expect(await storeOn(database).prune(), `${off} ms`).to.equal(0);
        clock.restore();
      }
      first.goOn();
      expect(await first.pruned).to.equal(2000);
    });

    it("replaces an expired lease whose row is damaged", async () => {
      await addRows(10, 1);
      await pruneHalted();
      await opened.query!(`UPDATE ${opened.table} SET revision = 9007199254740993 WHERE kind = 'lease'`);
      sinon.useFakeTimers({ now: Date.now() + 31_000, toFake: ["Date"] });
      expect(await storeOn(database).prune()).to.equal(10);
    });

    it("ignores a lease that a process with a wrong clock took for years", async () => {
      await addRows(10, 1);
      const year = 365 * 24 * HOUR;
      const now = Date.now();
      const clock = sinon.useFakeTimers({ now: now + year, toFake: ["Date"] });
      await pruneHalted();
      clock.restore();
      expect(await storeOn(database).prune()).to.equal(10);
    });

    it("ends a running prune after its batch when the store is closed, so that the next one can begin", async () => {
      await addRows(2000, 1);
      let closing: Promise<void> | undefined;
      const store = storeThrough(async (sql, send) => {
        if (/^DELETE.* IN /.test(sql)) closing = store.close();
        return send();
      });
      expect(await store.prune()).to.equal(batch);
      await closing;
      expect(await storeOn(database).prune()).to.equal(2000 - batch);
    });

    it("removes all rows also if any one of its statements fails once because of concurrent work", async () => {
      const removed: number[] = [];
      let count = Number.POSITIVE_INFINITY;
      for (let failing = 1; failing <= count; failing++) {
        await addRows(batch + 100, 1);
        let sent = 0;
        const store = storeThrough((_sql, send) => {
          sent++;
          if (sent !== failing) return send();
          return Promise.reject(Object.assign(new Error("stubbed"), { code: "40001" }));
        });
        removed.push(await store.prune());
        count = sent - 1; // without the statement that failed
        expect(await rowsLeft(), `statement ${failing}`).to.equal(0);
      }
      expect(count).to.equal(6);
      expect(removed).to.eql(Array(count).fill(batch + 100));
    });

    it("rejects when its statements fail, and leaves no lease behind if it can be ended", async () => {
      await addRows(10, 1);
      const failing = storeThrough(async (sql, send) => {
        if (/^DELETE.* IN /.test(sql)) throw new Error("disk full");
        return send();
      });
      expect(await failing.prune().catch((error) => error)).to.have.property("message", "disk full");
      expect(await rowsLeft()).to.equal(10);
      expect(await storeOn(database).prune()).to.equal(10);
    });
  });
}
