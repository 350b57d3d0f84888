import { expect } from "chai";
import type { SessionRecord } from "latchkey";
import { CreateLatchkeyTables1700000000000, latchkeyEntities, TypeOrmStore } from "latchkey/stores/typeorm";
import sinon from "sinon";
import { DataSource, DefaultNamingStrategy } from "typeorm";
import { DataSource as DataSource03 } from "typeorm03";
import { backendsHere, type Opened } from "../support/backends.js";
import { makeDatabase, query } from "../support/databases.js";
import { everyVerb } from "../support/every-verb.js";
import { runProgram } from "../support/program.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PAGE = { kind: "session", limit: 10 };

function record(parts: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  const instants = { createdAt: now, lastSeenAt: now, expiresAt: now + MINUTE };
  return { kind: "session", userId: "ann", data: {}, ...instants, revision: 0, ...parts };
}

const databases = await backendsHere("sqlite", "sqlite3", "postgres", "mariadb");

for (const { name, open } of databases) {
  describe(`TypeOrmStore on ${name}`, () => {
    let opened: Opened;
    let dataSource: DataSource;
    beforeEach(async () => {
      opened = await open();
      dataSource = opened.dataSource!;
    });
    afterEach(() => opened?.close());

    it("has a migration that creates exactly the table of the entity, and can be undone", async () => {
      const differences = async () => (await dataSource.driver.createSchemaBuilder().log()).upQueries;
      const table = opened.table!;
      expect((await differences()).map(({ query }) => query)).to.eql([]);
      await dataSource.undoLastMigration();
      const makes = (await differences()).map(({ query }) => query);
      const runner = dataSource.createQueryRunner();
      expect(makes.filter((query) => /^CREATE TABLE/.test(query) && query.includes(table))).to.have.lengthOf(1);
      expect(await runner.hasTable(table)).to.equal(false);
      await dataSource.runMigrations();
      const { indices } = (await runner.getTable(table))!;
      // TypeORM returns the columns of an index in table order on one database, and in name order on another.
      const indexed = indices.map((index) => [...index.columnNames].sort().join());
      expect(indexed.sort()).to.eql(["kind,user_id", "prune_after"]);
      await runner.release();
    });

    it("stores a session with a megabyte of text in any language", async () => {
      const data = { text: "佐藤 ü 𝒳".repeat(100_000) };
      await opened.store.create("a", record({ data }));
      expect((await opened.store.read("a"))!.data.text)
        .to.have.lengthOf(data.text.length)
        .and.equal(data.text);
    });

    it("prunes more than a thousand rows in batches, and stops at the limit", async () => {
      const { store } = opened;
      const over = { ...record(), data: "{}", expiresAt: 1, pruneAfter: HOUR };
      const rows = Array.from({ length: 1201 }, (_, i) => ({ ...over, id: `over ${i}` }));
      const repository = dataSource.getRepository(`Latchkey:${opened.table}`);
      await repository.insert(rows.slice(0, 600));
      await repository.insert(rows.slice(600));
      await store.create("live", record());
      expect([await store.prune({ limit: 601 }), await store.prune(), await store.prune()]).to.eql([601, 600, 0]);
      expect(await store.read("live")).not.to.equal(null);
    });

    it("rejects when the database fails, instead of reporting that there is no session", async () => {
      const { store } = opened;
      await store.create("a", record());
      await dataSource.query(`DROP TABLE ${opened.table}`);
      for (const call of [...everyVerb(store, record), () => store.prune()])
        expect(await call().catch((error) => error), String(call)).to.be.instanceOf(Error);
    });
  });
}

describe("TypeOrmStore", () => {
  let dataSource: DataSource;
  beforeEach(async () => {
    dataSource = new DataSource({
      type: "better-sqlite3",
      database: ":memory:",
      entities: latchkeyEntities(),
      migrations: [CreateLatchkeyTables1700000000000],
    });
    await dataSource.initialize();
  });
  afterEach(async () => {
    sinon.restore();
    await dataSource.destroy();
  });

  it("throws for a data source that is not initialized or does not have the entity", () => {
    const asleep = new DataSource({ type: "better-sqlite3", database: ":memory:", entities: latchkeyEntities() });
    for (const wrong of [asleep, undefined, {}])
      expect(() => new TypeOrmStore({ dataSource: wrong as never })).to.throw(TypeError, "initialized");
    expect(() => new TypeOrmStore({ dataSource, tablePrefix: "other_" })).to.throw(TypeError, "latchkeyEntities()");
  });

  it("prunes at the interval pruneEvery with jitter, until it is closed, and throws for a bad interval", async () => {
    const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const prune = sinon.stub(TypeOrmStore.prototype, "prune").resolves(0);
    const random = sinon.stub(Math, "random").returns(0);
    const store = new TypeOrmStore({ dataSource, pruneEvery: MINUTE });
    const prunedAfter = async (milliseconds: number) => {
      await clock.tickAsync(milliseconds - 1);
      const early = prune.callCount;
      await clock.tickAsync(1);
      return [early, prune.callCount];
    };
    random.returns(0.75);
    expect(await prunedAfter(MINUTE / 2)).to.eql([0, 1]);
    sinon.stub(process, "emitWarning"); // the failure is a warning
    prune.rejects(new Error("database is locked"));
    expect(await prunedAfter(1.25 * MINUTE)).to.eql([1, 2]);

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
    for (const pruneEvery of [0, -1, Number.NaN, 2 ** 31, "1m"] as number[])
      expect(() => new TypeOrmStore({ dataSource, pruneEvery })).to.throw(TypeError, "pruneEvery");
  });

  it("uses the table of its entity, whatever the entityPrefix of the data source is", async () => {
    const prefixed = new DataSource({
      type: "better-sqlite3",
      database: ":memory:",
      entityPrefix: "app_",
      entities: latchkeyEntities(),
      migrations: [CreateLatchkeyTables1700000000000],
    });
    await prefixed.initialize();
    try {
      await prefixed.runMigrations();
      expect((await prefixed.driver.createSchemaBuilder().log()).upQueries).to.eql([]);
      const store = new TypeOrmStore({ dataSource: prefixed });
      await store.create("a", record());
      expect(await prefixed.query("SELECT id FROM app_latchkey_sessions")).to.eql([{ id: "a" }]);
      await prefixed.undoLastMigration();
      expect(await prefixed.query("SELECT name FROM sqlite_master WHERE name LIKE 'app_latchkey%'")).to.eql([]);
    } finally {
      await prefixed.destroy();
    }
  });

  it("throws for a naming strategy that renames its columns", async () => {
    class Shouting extends DefaultNamingStrategy {
      override columnName(property: string): string {
        return property.toUpperCase();
      }
    }
    const renaming = new DataSource({
      type: "better-sqlite3",
      database: ":memory:",
      namingStrategy: new Shouting(),
      entities: latchkeyEntities(),
    });
    await renaming.initialize();
    expect(() => new TypeOrmStore({ dataSource: renaming })).to.throw(TypeError, "naming strategy");
    await renaming.destroy();
  });

  if (databases.some(({ name }) => name === "postgres")) {
    it("reads from the master, even if the replica does not have the table", async () => {
      const [master, replica] = await Promise.all([makeDatabase("postgres"), makeDatabase("postgres")]);
      const replicated = new DataSource({
        type: "postgres",
        replication: { master: { url: master.url }, slaves: [{ url: replica.url }] },
        schema: "public",
        entities: latchkeyEntities({ type: "postgres" }),
        migrations: [CreateLatchkeyTables1700000000000],
      });
      await replicated.initialize();
      try {
        await replicated.runMigrations();
        const store = new TypeOrmStore({ dataSource: replicated });
        const kept = record();
        for (const id of ["a", "b"]) await store.create(id, kept);
        expect(await store.read("a")).to.eql(kept);
        expect((await store.listByUser("ann", PAGE)).records).to.have.lengthOf(2);
        await store.create("over", record({ expiresAt: 1 }));
        expect(await store.prune()).to.equal(1);
        expect(await store.destroy("a")).to.eql(kept);
        expect(await store.destroyByUser("ann", PAGE)).to.eql({ ended: 1, more: false });
      } finally {
        await replicated.destroy();
        await Promise.all([master.drop(), replica.drop()]);
      }
    });
  }

  it("does not keep the process alive with its timer", async () => {
    const program = `import { DataSource } from "typeorm";
      import { latchkeyEntities, TypeOrmStore } from "latchkey/stores/typeorm";
      const dataSource = new DataSource({ type: "better-sqlite3", database: ":memory:", entities: latchkeyEntities() });
      new TypeOrmStore({ dataSource: await dataSource.initialize(), pruneEvery: 3_600_000 });
      console.log("end");`;
    expect(await runProgram(program)).to.eql({ code: 0, output: "end" });
  });

  if (databases.some(({ name }) => name === "mariadb")) {
    it("stores text in any language in a MariaDB database whose default is latin1", async () => {
      const { url, drop } = await makeDatabase("mariadb");
      await query.mariadb(`ALTER DATABASE ${new URL(url).pathname.slice(1)} CHARACTER SET latin1`);
      const latin1 = new DataSource({
        type: "mysql",
        url,
        entities: latchkeyEntities({ type: "mysql" }),
        migrations: [CreateLatchkeyTables1700000000000],
      });
      await latin1.initialize();
      await latin1.runMigrations();
      try {
        const store = new TypeOrmStore({ dataSource: latin1 });
        await store.create("a", record({ userId: "佐藤", data: { name: "佐藤 𝒳" } }));
        expect((await store.listByUser("佐藤", PAGE)).records).to.have.lengthOf(1);
        expect((await store.read("a"))!.data).to.eql({ name: "佐藤 𝒳" });
      } finally {
        await latin1.destroy();
        await drop();
      }
    });

    it("reports a row as found even if the write changes no value, on MariaDB without FOUND_ROWS", async () => {
      for (const [Source, lc_messages] of [
        [DataSource, "en_US"],
        [DataSource03 as never as typeof DataSource, "de_DE"],
      ] as const) {
        const { url, drop } = await makeDatabase("mariadb");
        const other = new Source({
          type: "mariadb",
          url,
          flags: ["-FOUND_ROWS"],
          extra: { connectionLimit: 1 },
          entities: latchkeyEntities({ type: "mariadb" }),
          migrations: [CreateLatchkeyTables1700000000000],
        });
        await other.initialize();
        try {
          await other.runMigrations();
          await other.query(`SET lc_messages = '${lc_messages}'`);
          const store = new TypeOrmStore({ dataSource: other });
          const kept = record();
          await store.create("a", kept);
          const { affectedRows } = await other.query("UPDATE latchkey_sessions SET data = data");
          expect(affectedRows, "the flag is off").to.equal(0);
          for (const id of ["a", "none"]) {
            const outcomes = [await store.touch(id, kept), await store.update(id, kept)];
            expect(outcomes).to.eql(outcomes.map(() => id === "a"));
          }
        } finally {
          await other.destroy();
          await drop();
        }
      }
    });
  }
});
