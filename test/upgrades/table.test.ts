import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { SessionRecord } from "latchkey";
import { openStore } from "latchkey/stores";
import { ddl, SqlStore } from "latchkey/stores/sql";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { backendsHere, type Opened, SQL } from "../support/backends.js";
import { makeDatabase } from "../support/databases.js";
import { warningsOf } from "../support/warnings.js";

const MINUTE = 60_000;

function record(): SessionRecord {
  const now = Date.now();
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + MINUTE };
  return { kind: "session", userId: "ann", data: {}, ...times, revision: 0 };
}

for (const { name, open } of await backendsHere(...SQL)) {
  describe(`the table of a store, ${name}`, () => {
    let opened: Opened;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened?.close());

    it("can have a column that a later version has added, and no change of a row resets it", async () => {
      const { store, query, table } = opened;
      await query!(`ALTER TABLE ${table} ADD COLUMN region varchar(8) NOT NULL DEFAULT 'eu'`);
      const kept = record();
      await store.create("a", kept);
      const region = async () => (await query!(`SELECT region FROM ${table}`))[0]!.region;
      expect(await region()).to.equal("eu");
      await query!(`UPDATE ${table} SET region = 'us'`);
      expect(await store.update("a", { ...kept, data: { n: 1 } })).to.equal(true);
      expect(await store.touch("a", { lastSeenAt: kept.lastSeenAt + 1, expiresAt: kept.expiresAt + 1 })).to.equal(true);
      expect(await region()).to.equal("us");
      expect((await store.read("a"))!.data).to.eql({ n: 1 });
    });

    it("is only read by migrate() if nothing is missing", async () => {
      const { store, database, table } = opened;
      await store.create("a", record());
      const tablePrefix = table!.slice(0, -"sessions".length);
      const run = () => Promise.reject(new Error("nothing is missing"));
      await new SqlStore({ ...database!, run }, { tablePrefix }).migrate();
    });

    it("gets a missing index from migrate(), and an error if it has too few columns", async () => {
      const { database, query, table } = opened;
      const tablePrefix = table!.slice(0, -"sessions".length);
      const store = new SqlStore(database!, { tablePrefix });
      if (database!.dialect !== "mysql") {
        await query!(`DROP INDEX ${table}_prune_after`);
        await store.migrate();
        await query!(`DROP INDEX ${table}_prune_after`); // fails if there is none
      }
      await query!(`ALTER TABLE ${table} RENAME COLUMN revision TO other`);
      const error = await store.migrate().catch((reason) => reason);
      expect(error).to.be.instanceOf(Error).with.property("message").that.includes("revision");
    });
  });
}

/** A server, a new database on it, and a role that may change rows but not create tables. */
interface Place {
  url: string;
  roleUrl: string;
  /** Runs statements as the owner of the database. */
  run(...statements: string[]): Promise<void>;
  drop(): Promise<void>;
}

const PASSWORD = "hunter2!";

function asRole(url: string, role: string): string {
  const changed = new URL(url);
  changed.username = role;
  changed.password = PASSWORD;
  return changed.href;
}

const places: Record<string, () => Promise<Place>> = {
  async postgres() {
    const { url, drop } = await makeDatabase("postgres");
    const role = `latchkey_${randomUUID().replaceAll("-", "_")}`;
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const run = async (...statements: string[]) => {
      for (const statement of statements) await client.query(statement);
    };
    await run(
      `CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`,
      "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
      `ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role}`,
    );
    return {
      url,
      roleUrl: asRole(url, role),
      run,
      async drop() {
        await run(`DROP OWNED BY ${role}`, `DROP ROLE ${role}`);
        await client.end();
        await drop();
      },
    };
  },
  async mariadb() {
    const { url, drop } = await makeDatabase("mariadb");
    const role = `latchkey_${randomUUID().slice(0, 8)}`;
    const connection = await createConnection({ uri: url });
    const run = async (...statements: string[]) => {
      for (const statement of statements) await connection.query(statement);
    };
    await run(
      `CREATE USER ${role}@'%' IDENTIFIED BY '${PASSWORD}'`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ${new URL(url).pathname.slice(1)}.* TO ${role}@'%'`,
    );
    return {
      url,
      roleUrl: asRole(url, role),
      run,
      async drop() {
        await run(`DROP USER ${role}@'%'`);
        await connection.end();
        await drop();
      },
    };
  },
};

for (const { name } of await backendsHere(...Object.keys(places))) {
  const dialect = name === "postgres" ? "postgres" : "mysql";

  describe(`openStore as a role that may not create tables, on ${name}`, () => {
    let place: Place;
    beforeEach(async () => {
      place = await places[name]!();
    });
    afterEach(() => place?.drop());

    const create = () => place.run(...ddl(dialect).split(/;\n+/).slice(0, -1));

    async function works(): Promise<void> {
      const store = await openStore(place.roleUrl);
      try {
        const kept = record();
        await store.create("a", kept);
        expect(await store.update("a", kept)).to.equal(true);
        expect(await store.touch("a", { ...kept, expiresAt: kept.expiresAt + 1 })).to.equal(true);
        expect((await store.listByUser("ann", { kind: "session", limit: 10 })).records).to.have.length(1);
        expect(await store.prune()).to.equal(0);
        expect((await store.destroy("a"))!.revision).to.equal(1);
      } finally {
        await store.close();
      }
    }

    it("fails if the table is missing, and names the command that prints its statements", async () => {
      const error = (await openStore(place.roleUrl).catch((reason) => reason)) as Error;
      expect(error).to.be.instanceOf(Error);
      expect(error.message).to.include(`\`npx latchkey schema --dialect ${dialect}\``).and.include("denied");
      expect(error.message).not.to.include(PASSWORD).and.not.include(encodeURIComponent(PASSWORD));
    });

    it("works once the table is there", async () => {
      await create();
      await works();
    });

    if (name === "postgres") {
      it("works without an index, and warns", async () => {
        await create();
        await place.run("DROP INDEX latchkey_sessions_prune_after");
        const warnings = await warningsOf("LatchkeyStoreWarning", works);
        expect(warnings).to.have.length(1);
        expect(warnings[0]).to.include("an index is missing").and.include("npx latchkey schema --dialect postgres");
      });

      it("does not wait for a transaction that has changed the table", async () => {
        await create();
        await place.run("BEGIN", "LOCK TABLE latchkey_sessions IN ROW EXCLUSIVE MODE");
        await works();
        await (await openStore(place.url)).close();
        await place.run("COMMIT");
      });
    }
  });
}
