import { expect } from "chai";
import type { RememberTokenRecord, SessionRecord } from "latchkey";
import { CreateLatchkeyTables1700000000000, latchkeyEntities, TypeOrmStore } from "latchkey/stores/typeorm";
import sinon from "sinon";
import { DataSource, DefaultNamingStrategy } from "typeorm";
import { backendsHere, type Opened } from "../support/backends.js";
import { makeDatabase, query } from "../support/databases.js";
import { everyTokenVerb, everyVerb } from "../support/every-verb.js";
import { runProgram } from "../support/program.js";

const MINUTE = 60_000;

function record(parts: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  return { userId: "ann", data: {}, createdAt: now, lastSeenAt: now, expiresAt: now + MINUTE, revision: 0, ...parts };
}

function token(parts: Partial<RememberTokenRecord> = {}): RememberTokenRecord {
  const now = Date.now();
  return { userId: "ann", tokenHash: "first", data: {}, createdAt: now, expiresAt: now + MINUTE, ...parts };
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

    it("gets from the migration the very tables that the schema describes, and none when they are taken back", async () => {
      const differences = async () => (await dataSource.driver.createSchemaBuilder().log()).upQueries;
      const tables = Object.values(opened.tables!);
      expect(tables).to.have.lengthOf(2);
      expect((await differences()).map(({ query }) => query)).to.eql([]);
      await dataSource.undoLastMigration();
      const makes = (await differences()).map(({ query }) => query);
      const runner = dataSource.createQueryRunner();
      for (const table of tables) {
        expect(makes.filter((query) => /^CREATE TABLE/.test(query) && query.includes(table))).to.have.lengthOf(1);
        expect(await runner.hasTable(table)).to.equal(false);
      }
      await dataSource.runMigrations();
      for (const table of tables) {
        const { indices } = (await runner.getTable(table))!;
        expect(indices.map((index) => index.columnNames.join()).sort()).to.eql(["expires_at", "user_id"]);
      }
      await runner.release();
    });

    it("keeps a session of a megabyte, in any script", async () => {
      const data = { text: "佐藤 ü 𝒳".repeat(100_000) };
      await opened.store.create("a", record({ data }));
      expect((await opened.store.read("a"))!.data.text)
        .to.have.lengthOf(data.text.length)
        .and.equal(data.text);
    });

    it("prunes thousands in batches, and no more than the limit", async () => {
      const { store } = opened;
      const rows = Array.from({ length: 1201 }, (_, i) => ({ id: `over ${i}`, ...record(), data: "{}", expiresAt: 1 }));
      await dataSource.getRepository(`Latchkey:${opened.tables!.sessions}`).insert(rows.slice(0, 600));
      await dataSource.getRepository(`Latchkey:${opened.tables!.sessions}`).insert(rows.slice(600));
      await store.create("live", record());
      expect([await store.prune({ limit: 601 }), await store.prune(), await store.prune()]).to.eql([601, 600, 0]);
      expect(await store.read("live")).not.to.equal(null);
    });

    it("rejects, rather than to say that there is no session, when the database fails", async () => {
      const { store } = opened;
      await store.create("a", record());
      const tokens = store.rememberTokens!;
      await tokens.create("a", token());
      for (const table of Object.values(opened.tables!)) await dataSource.query(`DROP TABLE ${table}`);
      const verbs = [...everyVerb(store, record), ...everyTokenVerb(tokens, token)];
      for (const call of [...verbs, () => store.prune(), () => tokens.prune()])
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

  it("refuses a data source that is not initialized or does not know the table", () => {
    const asleep = new DataSource({ type: "better-sqlite3", database: ":memory:", entities: latchkeyEntities() });
    for (const wrong of [asleep, undefined, {}])
      expect(() => new TypeOrmStore({ dataSource: wrong as never })).to.throw(TypeError, "initialized");
    expect(() => new TypeOrmStore({ dataSource, tablePrefix: "other_" })).to.throw(TypeError, "latchkeyEntities()");
  });

  it("prunes about as often as it is told, with jitter, one after another, until it is closed", async () => {
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
    prune.rejects(new Error("database is locked"));
    expect(await prunedAfter(1.25 * MINUTE)).to.eql([1, 2]);

    let finish!: (pruned: number) => void;
    prune.returns(
      new Promise((resolve) => {
        finish = resolve;
      }),
    );
    await clock.tickAsync(10 * MINUTE);
    expect(prune.callCount, "one at a time").to.equal(3);
    await store.close();
    finish(0);
    await clock.tickAsync(10 * MINUTE);
    expect(prune.callCount, "after close()").to.equal(3);
    for (const pruneEvery of [0, -1, Number.NaN, 2 ** 31, "1m"] as number[])
      expect(() => new TypeOrmStore({ dataSource, pruneEvery })).to.throw(TypeError, "pruneEvery");
  });

  it("is on the tables of its entities, whatever the entityPrefix of the data source", async () => {
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
      await store.rememberTokens.create("a", token());
      for (const table of ["app_latchkey_sessions", "app_latchkey_remember_tokens"])
        expect(await prefixed.query(`SELECT id FROM ${table}`)).to.eql([{ id: "a" }]);
      await prefixed.undoLastMigration();
      expect(await prefixed.query("SELECT name FROM sqlite_master WHERE name LIKE 'app_latchkey%'")).to.eql([]);
    } finally {
      await prefixed.destroy();
    }
  });

  it("refuses a naming strategy that renames its tables or columns", async () => {
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
    it("reads from the master, though a replica lags: here one that has not even the tables", async () => {
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
        const [kept, remembered] = [record(), token()];
        await store.create("a", kept);
        await store.rememberTokens.create("a", remembered);
        expect(await store.read("a")).to.eql(kept);
        expect(await store.listByUser("ann")).to.have.lengthOf(1);
        expect(await store.rememberTokens.listByUser("ann")).to.have.lengthOf(1);
        await store.create("over", record({ expiresAt: 1 }));
        expect(await store.prune()).to.equal(1);
        expect(await store.destroyByUser("ann")).to.equal(1);
      } finally {
        await replicated.destroy();
        await Promise.all([master.drop(), replica.drop()]);
      }
    });
  }

  it("does not keep the process alive by its timer", async () => {
    const program = `import { DataSource } from "typeorm";
      import { latchkeyEntities, TypeOrmStore } from "latchkey/stores/typeorm";
      const dataSource = new DataSource({ type: "better-sqlite3", database: ":memory:", entities: latchkeyEntities() });
      new TypeOrmStore({ dataSource: await dataSource.initialize(), pruneEvery: 3_600_000 });
      console.log("end");`;
    expect(await runProgram(program)).to.eql({ code: 0, output: "end" });
  });

  if (databases.some(({ name }) => name === "mariadb")) {
    it("keeps any script in a MariaDB database that was made for latin1", async () => {
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
        expect(await store.listByUser("佐藤")).to.have.lengthOf(1);
        expect((await store.read("a"))!.data).to.eql({ name: "佐藤 𝒳" });
      } finally {
        await latin1.destroy();
        await drop();
      }
    });
  }
});
