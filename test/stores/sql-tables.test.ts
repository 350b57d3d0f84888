import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import type { SessionRecord, SessionStore } from "latchkey";
import { betterSqlite3, ddl, mysql2, pg as pgDatabase, type SqlDialect, SqlStore, typeorm } from "latchkey/stores/sql";
import { latchkeyEntities, TypeOrmStore } from "latchkey/stores/typeorm";
import { createPool } from "mysql2/promise";
import pg from "pg";
import { DataSource } from "typeorm";
import { backendsHere } from "../support/backends.js";
import { makeDatabase, query } from "../support/databases.js";
import { runProgram } from "../support/program.js";

const MINUTE = 60_000;
const PAGE = { kind: "session", limit: 10 };

function record(): SessionRecord {
  const now = Date.now();
  const instants = { createdAt: now, lastSeenAt: now, expiresAt: now + MINUTE };
  return { kind: "session", userId: "Ann", data: { name: "佐藤 𝒳" }, ...instants, revision: 0 };
}

/** A new database. Each call of `connect` opens another connection to it. */
interface Place {
  connect(): { database: ReturnType<typeof pgDatabase>; close(): unknown };
  dataSource(prefix: string): DataSource;
  remove(): Promise<void>;
}

/** For each backend: creates a new database. */
const places: Record<string, () => Promise<Place>> = {
  async sqlite() {
    const dir = await mkdtemp(join(tmpdir(), "latchkey-tables-"));
    const database = join(dir, "sessions.db");
    return {
      connect() {
        const db = new Database(database);
        return { database: betterSqlite3(db), close: () => db.close() };
      },
      dataSource: (tablePrefix) =>
        new DataSource({ type: "better-sqlite3", database, entities: latchkeyEntities({ tablePrefix }) }),
      remove: () => rm(dir, { recursive: true }),
    };
  },
  async postgres() {
    const { url, drop } = await makeDatabase("postgres");
    return {
      connect() {
        const pool = new pg.Pool({ connectionString: url });
        pool.on("error", () => {}); // end() returns before the server closes the connections.
        return { database: pgDatabase(pool), close: () => pool.end() };
      },
      dataSource: (tablePrefix) =>
        new DataSource({ type: "postgres", url, entities: latchkeyEntities({ tablePrefix }) }),
      remove: drop,
    };
  },
  async mariadb() {
    const { url, drop } = await makeDatabase("mariadb");
    return {
      connect() {
        const pool = createPool({ uri: url });
        return { database: mysql2(pool), close: () => pool.end() };
      },
      dataSource: (tablePrefix) =>
        new DataSource({ type: "mariadb", url, entities: latchkeyEntities({ tablePrefix, type: "mariadb" }) }),
      remove: drop,
    };
  },
};
const here = await backendsHere(...Object.keys(places));

describe("the table of a SqlStore", () => {
  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let place: Place;
      const closing: Array<() => unknown> = [];
      const connect = () => {
        const { database, close } = place.connect();
        closing.push(close);
        return database;
      };
      beforeEach(async () => {
        place = await places[name]!();
      });
      afterEach(async () => {
        for (const close of closing.splice(0)) await close();
        await place.remove();
      });

      it("matches the entity of the TypeORM store", async () => {
        await new SqlStore(connect(), { tablePrefix: "my-" }).migrate();
        const dataSource = await place.dataSource("my-").initialize();
        closing.push(() => dataSource.destroy());
        const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
        expect(upQueries.map((one) => one.query)).to.eql([]);
      });

      it("is created once when eight connections migrate at the same time", async () => {
        const stores = Array.from({ length: 8 }, () => new SqlStore(connect(), { timeout: MINUTE }));
        await Promise.all(stores.map((store) => store.migrate()));
        const session = record();
        await stores[0]!.create("a", session);
        expect(await stores[7]!.read("a")).to.eql(session);
      });

      it("can also be created with the SQL from ddl()", async () => {
        const database = connect();
        const options = { tablePrefix: "by_hand_" };
        const statements = ddl(database.dialect, options).split(/;\n+/).slice(0, -1);
        expect(statements).to.have.lengthOf(name === "mariadb" ? 1 : 3);
        for (const statement of statements) await database.run(statement, [], MINUTE);
        await new SqlStore(database, { ...options, timeout: MINUTE }).create("a", record());
      });

      it("stores a megabyte of text in any language, and distinguishes upper and lower case in user ids", async () => {
        const store = new SqlStore(connect(), { timeout: MINUTE });
        await store.migrate();
        const session = record();
        const kept = { ...session, data: { text: "佐藤 ü 𝒳".repeat(100_000) } };
        await store.create("a", kept);
        expect(await store.read("a")).to.eql(kept);
        const found = async (userId: string) => (await store.listByUser(userId, PAGE)).records.length;
        expect([await found("Ann"), await found("ann")]).to.eql([1, 0]);
      });

      it("can be in its own schema, except on SQLite", async () => {
        const store = () => new SqlStore(connect(), { schema: "login", timeout: MINUTE });
        if (name === "sqlite") {
          expect(store).to.throw(TypeError, "SQLite, which has no schemas");
          return;
        }
        await connect().run("CREATE SCHEMA IF NOT EXISTS login", [], MINUTE);
        try {
          await store().migrate();
          const session = record();
          await store().create("a", session);
          expect(await store().read("a")).to.eql(session);
          await connect().run("DROP TABLE login.latchkey_sessions", [], MINUTE);
        } finally {
          if (name === "mariadb") await query.mariadb("DROP DATABASE login");
        }
      });
    });

    it(`on ${name}: a TypeOrmStore and a SqlStore read and change each other's records`, async () => {
      const { store, dataSource, table, close } = await open();
      const tablePrefix = table!.slice(0, -"sessions".length);
      const both: SessionStore[] = [store, new SqlStore(typeorm(dataSource!), { tablePrefix, timeout: MINUTE })];
      try {
        for (const [one, other] of [both, both.toReversed()] as Array<[SessionStore, SessionStore]>) {
          const session = record();
          await one.create("a", session);
          expect(await other.read("a")).to.eql(session);
          expect(await other.update("a", session)).to.equal(true);
          expect(await one.update("a", session)).to.equal(false);
          expect((await one.listByUser("Ann", PAGE)).records).to.eql([{ id: "a", ...session, revision: 1 }]);
          expect(await one.destroyByUser("Ann", PAGE)).to.eql({ ended: 1, more: false });
        }
        expect(both.map((one) => one.constructor)).to.eql([TypeOrmStore, SqlStore]);
      } finally {
        await close();
      }
    });
  }

  it("is created by four processes that migrate one SQLite file at the same time", async () => {
    const dir = await mkdtemp(join(tmpdir(), "latchkey-tables-"));
    const program = `import Database from "better-sqlite3";
      import { betterSqlite3, SqlStore } from "latchkey/stores/sql";
      const store = new SqlStore(betterSqlite3(new Database(process.argv[1], { timeout: 60_000 })), { timeout: 60_000 });
      await store.migrate();
      console.log(await store.prune());`;
    try {
      const file = join(dir, "sessions.db");
      const ran = await Promise.all(Array.from({ length: 4 }, () => runProgram(program, { args: [file] })));
      expect(ran).to.eql(Array(4).fill({ code: 0, output: "0" }));
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it("is not created if the database refuses, and migrate() tries five times", async () => {
    let tries = 0;
    const refusing = {
      dialect: "sqlite" as SqlDialect,
      all: async () => {
        throw new Error("no such table");
      },
      async run() {
        tries++;
        throw Object.assign(new Error("permission denied"), { code: "DENIED" });
      },
    };
    const error = await new SqlStore(refusing).migrate().catch((reason) => reason);
    expect(error).to.be.instanceOf(Error).with.property("code", "DENIED");
    expect(error.message).to.equal(
      'cannot create the table "latchkey_sessions" and its indexes: permission denied. Run the statements that ' +
        "`npx latchkey schema --dialect sqlite` prints, as a role that may create tables",
    );
    expect(tries).to.equal(5);

    const options = { tablePrefix: "my-", schema: "login" };
    const elsewhere = new SqlStore({ ...refusing, dialect: "postgres" }, options);
    const { message } = await elsewhere.migrate().catch((reason) => reason);
    expect(message).to.include('`npx latchkey schema --dialect postgres --table-prefix="my-" --schema="login"`');
  });

  it("throws for a prefix or schema with characters that could end a statement, and for an unknown dialect", () => {
    for (const wrong of ["a b", 'a"', "a`", "a;", "a?", "ä", 1, null] as string[]) {
      expect(() => ddl("postgres", { tablePrefix: wrong }), String(wrong)).to.throw(TypeError, "tablePrefix");
      expect(() => ddl("postgres", { schema: wrong }), String(wrong)).to.throw(TypeError, "schema");
    }
    expect(() => ddl("oracle" as SqlDialect)).to.throw(TypeError, 'sqlite, postgres, mysql, not "oracle"');
  });
});
