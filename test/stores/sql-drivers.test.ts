import Database from "better-sqlite3";
import { expect } from "chai";
import type { SessionRecord } from "latchkey";
import * as drivers from "latchkey/stores/sql";
import { createPool as createCallbackPool } from "mysql2";
import { createPool } from "mysql2/promise";
import pg from "pg";
import { DataSource } from "typeorm";
import { backendsHere, shared } from "../support/backends.js";
import { until } from "../support/redis-servers.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

const MINUTE = 60_000;
const SOON = 200;

function record(): SessionRecord {
  const now = Date.now();
  const instants = { createdAt: now, lastSeenAt: now, expiresAt: now + MINUTE };
  return { kind: "session", userId: "ann", data: {}, ...instants, revision: 0 };
}

class Stranger {}

/** For each driver: its function, and wrong arguments with the text that the error must include. */
const SLIPS: Record<string, [call: (given: never) => unknown, others: Array<[given: unknown, says: string]>]> = {
  pg: [
    drivers.pg,
    [
      [new pg.Client(), "not a Client"],
      ["postgres://localhost", "a Pool of pg"],
    ],
  ],
  mysql2: [drivers.mysql2, [[new pg.Pool(), "getConnection()"]]],
  betterSqlite3: [drivers.betterSqlite3, [["sessions.db", "a string"]]],
  nodeSqlite: [drivers.nodeSqlite, [[{ prepare() {} }, "exec()"]]],
  sqlite3: [drivers.sqlite3, [[{ all() {}, run() {} }, "serialize()"]]],
  libsql: [drivers.libsql, [[{ execute() {} }, "batch()"]]],
  knex: [
    drivers.knex,
    [
      [{ raw() {}, client: { dialect: "mssql" } }, "not the dialect mssql"],
      [{ raw() {} }, "not the dialect undefined"],
    ],
  ],
  kysely: [(given) => drivers.kysely(given, "sqlite"), [[() => {}, "executeQuery()"]]],
  drizzle: [
    (given) => drivers.drizzle(given, "sqlite"),
    [
      [{ execute() {} }, "a Drizzle database for sqlite"],
      [{ all() {} }, "which has no run()"],
    ],
  ],
  prisma: [(given) => drivers.prisma(given, "postgres"), [[{ $queryRawUnsafe() {} }, "$executeRawUnsafe()"]]],
  sequelize: [drivers.sequelize, [[{ query() {}, getDialect: () => "mssql" }, "not the dialect mssql"]]],
  typeorm: [
    drivers.typeorm,
    [
      [new DataSource({ type: "better-sqlite3", database: ":memory:" }), "initialize()"],
      [{ createQueryRunner() {}, isInitialized: true, options: { type: "mssql" } }, '"mssql"'],
    ],
  ],
};

describe("the functions that turn a driver into a database", () => {
  for (const [name, [call, others]] of Object.entries(SLIPS)) {
    it(`${name}() throws a TypeError at once for a wrong value, and names its type`, () => {
      for (const [given, says] of [
        [undefined, "not undefined"],
        [null, "not null"],
        [{}, "not object, which has no"],
        [new Stranger(), "not an object of the class Stranger, which has no"],
        ["postgres://u:hunter2@localhost/shop", "not a string"],
        ...others,
      ] as const)
        expect(() => call(given as never), says)
          .to.throw(TypeError, `${name}() `)
          .with.property("message")
          .that.includes(says);
    });
  }

  it("throw for an unknown dialect", () => {
    const anything = { executeQuery() {}, execute() {}, $queryRawUnsafe() {}, $executeRawUnsafe() {} };
    for (const make of [drivers.kysely, drivers.drizzle, drivers.prisma])
      expect(() => make(anything as never, "pg" as never)).to.throw(TypeError, 'not "pg"');
  });

  it("reject if a driver does not return the number of changed rows", async () => {
    const db = { prepare: () => ({ all: () => [], run: () => ({}) }), pragma() {} };
    const error = await drivers
      .betterSqlite3(db as never)
      .run("DELETE", [], MINUTE)
      .catch((reason) => reason);
    expect(error).to.be.instanceOf(TypeError).with.property("message").that.includes("betterSqlite3()");
  });

  it("use the primary of a Prisma client that has the read replica extension", async () => {
    const client = (name: string) => ({
      $queryRawUnsafe: async () => [{ name }],
      $executeRawUnsafe: async () => 1,
    });
    const replicated = { ...client("replica"), $primary: () => client("primary") };
    expect(await drivers.prisma(replicated, "postgres").all("SELECT", [], MINUTE)).to.eql([{ name: "primary" }]);
  });

  it("reuse the prepared statements of better-sqlite3", async () => {
    const db = new Database(":memory:");
    let prepared = 0;
    const counting = {
      prepare(sql: string) {
        prepared++;
        return db.prepare(sql);
      },
      pragma() {},
    };
    const database = drivers.betterSqlite3(counting);
    for (let n = 0; n < 3; n++) await database.all("SELECT ? AS n", [n], MINUTE);
    expect(prepared).to.equal(1);
  });

  it("read the results of Drizzle's drivers", async () => {
    const results: Array<[rows: unknown, changes: unknown]> = [
      [
        { rows: [{ n: 1 }], rowCount: 1 },
        { rows: [], rowCount: 2 },
      ], // node-postgres
      [Object.assign([{ n: 1 }], { count: 1 }), Object.assign([], { count: 2 })], // postgres.js
      [{ rows: [{ n: 1 }] }, { rows: [], affectedRows: 2 }], // PGlite
      [
        [[{ n: 1 }], []],
        [{ affectedRows: 2 }, undefined],
      ], // mysql2
      [{ rows: [{ n: 1 }] }, { rowsAffected: 2 }], // PlanetScale
    ];
    for (const [rows, changes] of results) {
      const database = drivers.drizzle(
        {
          execute: async (query: { getSQL(): { toQuery(): { sql: string } } }) => {
            return query.getSQL().toQuery().sql === "SELECT" ? rows : changes;
          },
        },
        "postgres",
      );
      expect(await database.all("SELECT", [], MINUTE)).to.eql([{ n: 1 }]);
      expect(await database.run("DELETE", [], MINUTE)).to.equal(2);
    }
    const none = drivers.drizzle({ execute: async () => ({ rows: [], rowCount: null }) }, "postgres");
    expect(await none.run("CREATE TABLE", [], MINUTE)).to.equal(0);
    const d1 = drivers.drizzle({ all: () => [{ n: 1 }], run: async () => ({ meta: { changes: 2 } }) }, "sqlite");
    expect([await d1.all("SELECT", [], MINUTE), await d1.run("DELETE", [], MINUTE)]).to.eql([[{ n: 1 }], 2]);
  });
});

/** Pools of one connection, and statements that find and kill the connection from outside. */
const pools = {
  "sql on pg": {
    async open() {
      const pool = new pg.Pool({ connectionString: (await shared.postgres()).url, max: 1 });
      pool.on("error", () => {});
      return {
        database: drivers.pg(pool),
        end: () => pool.end(),
        async borrow() {
          const connection = await pool.connect();
          return () => connection.release();
        },
      };
    },
    sleep: "SELECT pg_sleep(600)",
    begin: "BEGIN",
    sessions: "SELECT pid AS id FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active'",
    kill: (id: unknown) => `SELECT pg_terminate_backend(${id})`,
  },
  "sql on mysql2": {
    async open() {
      const pool = createPool({ uri: (await shared.mariadb()).url, connectionLimit: 1 });
      return {
        database: drivers.mysql2(pool),
        end: () => pool.end(),
        async borrow() {
          const connection = await pool.getConnection();
          return () => connection.release();
        },
      };
    },
    sleep: "SELECT SLEEP(600)",
    begin: "START TRANSACTION",
    sessions: "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(600)%'",
    kill: (id: unknown) => `KILL ${id}`,
  },
};

for (const { name, open } of await backendsHere(...Object.keys(pools))) {
  describe(`a pool of one connection (${name})`, () => {
    expectNoUnhandledRejections();
    const { sleep, sessions, kill, ...pool } = pools[name as keyof typeof pools];
    let opened: Awaited<ReturnType<typeof pool.open>>;
    let beside: Awaited<ReturnType<typeof open>>;
    beforeEach(async () => {
      opened = await pool.open();
      beside = await open();
    });
    afterEach(async () => {
      await opened.end();
      await beside.close();
    });

    it("works again after a statement times out, because it replaces the connection", async () => {
      const late = await opened.database.all(sleep, [], SOON).catch((error) => error);
      expect(late).to.be.instanceOf(Error).with.property("message").that.includes(`within ${SOON} ms`);
      expect(await opened.database.all("SELECT 1 AS n", [], MINUTE)).to.have.lengthOf(1);
      for (const { id } of await beside.query!(sessions)) await beside.query!(kill(id));
    });

    it("rejects in time when no connection is free, and returns a late connection to the pool", async () => {
      const release = await opened.borrow();
      const late = await opened.database.all("SELECT 1 AS n", [], SOON).catch((error) => error);
      expect(late).to.be.instanceOf(Error).with.property("message").that.includes(`within ${SOON} ms`);
      release();
      expect(await opened.database.all("SELECT 1 AS n", [], MINUTE)).to.have.lengthOf(1);
    });

    it("works again after the server closes the connection during a statement", async () => {
      const failing = opened.database.all(sleep, [], MINUTE).catch((error) => error);
      let found: Array<Record<string, unknown>> = [];
      await until(async () => {
        found = await beside.query!(sessions);
        return found.length > 0;
      });
      await beside.query!(kill(found[0]!.id));
      expect(await failing).to.be.instanceOf(Error);
      expect(await opened.database.all("SELECT 1 AS n", [], MINUTE)).to.have.lengthOf(1);
    });

    it("keeps its connection after the server rejects a statement", async () => {
      const connection = name === "sql on pg" ? "SELECT pg_backend_pid() AS id" : "SELECT CONNECTION_ID() AS id";
      const [before] = await opened.database.all(connection, [], MINUTE);
      const refused = await opened.database.all("SELECT nothing", [], MINUTE).catch((error) => error);
      expect(refused).to.be.instanceOf(Error);
      expect(await opened.database.all(connection, [], MINUTE)).to.eql([before]);
    });
  });
}

if ((await backendsHere("sql on mysql2")).length > 0) {
  it("mysql2() also accepts a pool with callbacks", async () => {
    const pool = createCallbackPool({ uri: (await shared.mariadb()).url });
    const store = new drivers.SqlStore(drivers.mysql2(pool), { tablePrefix: "callback_", timeout: MINUTE });
    await store.migrate();
    const kept = record();
    await store.create("a", kept);
    expect(await store.read("a")).to.eql(kept);
    await pool.promise().end();
  });
}
