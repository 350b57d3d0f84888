import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { LoginManager } from "latchkey";
import { type OpenStore, openStore } from "latchkey/stores";
import { createPool } from "mysql2/promise";
import pg from "pg";
import sinon from "sinon";
import { afterTest } from "../support/after-test.js";
import { backendsHere } from "../support/backends.js";
import { makeDatabase } from "../support/databases.js";
import { SECRET } from "../support/people.js";
import { warningsOf } from "../support/warnings.js";

const MINUTE = 60_000;

/** A database where the store may do everything but delete rows. */
interface Guarded {
  /** The URL of the store without parameters. */
  url: string;
  forbid(): Promise<unknown>;
  allow(): Promise<unknown>;
  /** The message of the database for a DELETE that it refuses. */
  refusal: string;
  remove(): Promise<unknown>;
}

/** For each backend: a database of its own, where no other test has created the table as another role. */
const guarded: Record<string, () => Promise<Guarded>> = {
  async sqlite() {
    const dir = await mkdtemp(join(tmpdir(), "latchkey-prune-"));
    const file = join(dir, "sessions.db");
    // SQLite has no rights, so a trigger refuses.
    const change = async (sql: string) => {
      const db = new Database(file);
      db.exec(sql);
      db.close();
    };
    return {
      url: `sqlite:${file}`,
      forbid: () =>
        change(
          "CREATE TRIGGER keep BEFORE DELETE ON latchkey_sessions WHEN old.kind = 'session' " +
            "BEGIN SELECT RAISE(ABORT, 'rows are kept'); END",
        ),
      allow: () => change("DROP TRIGGER keep"),
      refusal: "rows are kept",
      remove: () => rm(dir, { recursive: true }),
    };
  },
  async "sql on pg"() {
    const { url, drop } = await makeDatabase("postgres");
    const role = `latchkey_prune_${process.pid}`;
    const admin = new pg.Pool({ connectionString: url });
    await admin.query(`CREATE ROLE ${role} LOGIN; GRANT ALL ON SCHEMA public TO ${role}`);
    const own = new URL(url);
    own.searchParams.set("options", `-c role=${role}`);
    return {
      url: own.href,
      forbid: () => admin.query(`REVOKE DELETE ON latchkey_sessions FROM ${role}`),
      allow: () => admin.query(`GRANT DELETE ON latchkey_sessions TO ${role}`),
      refusal: "permission denied for table latchkey_sessions",
      async remove() {
        await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
        await admin.end();
        await drop();
      },
    };
  },
  async "sql on mysql2"() {
    const { url, drop } = await makeDatabase("mariadb");
    const admin = createPool({ uri: url });
    const own = new URL(url);
    const [user, database] = [`latchkey_${process.pid}`, own.pathname.slice(1)];
    const account = `'${user}'@'%'`;
    own.username = user;
    own.password = "guarded";
    await admin.query(`CREATE USER ${account} IDENTIFIED BY 'guarded'`);
    await admin.query(`GRANT ALL ON ${database}.* TO ${account}`);
    return {
      url: own.href,
      forbid: () => admin.query(`REVOKE DELETE ON ${database}.* FROM ${account}`),
      allow: () => admin.query(`GRANT DELETE ON ${database}.* TO ${account}`),
      refusal: "DELETE command denied to user",
      async remove() {
        await admin.query(`DROP USER ${account}`);
        await admin.end();
        await drop();
      },
    };
  },
};

for (const { name } of await backendsHere(...Object.keys(guarded))) {
  describe(`a store on ${name} that prunes regularly`, () => {
    let place: Guarded;
    let store: OpenStore;
    before(async () => {
      place = await guarded[name]!();
    });
    afterEach(() => sinon.restore());
    after(() => place?.remove());

    const opened = async (pruneEvery: string) => {
      const opening = await openStore(`${place.url}${place.url.includes("?") ? "&" : "?"}pruneEvery=${pruneEvery}`);
      afterTest(() => opening.close());
      store = opening;
    };
    /** A store with `count` records that expired a minute ago, and one that lives. */
    async function expired(count: number): Promise<void> {
      const at = Date.now() - MINUTE;
      const instants = { createdAt: at - 1, lastSeenAt: at - 1, expiresAt: at };
      const record = { kind: "session", userId: "ann", data: {}, revision: 0, ...instants };
      for (let n = 0; n < count; n++) await store.create(`over-${n}`, record);
      await store.create("live", { ...record, expiresAt: Date.now() + 60 * MINUTE });
    }
    const managerOf = (used: OpenStore) => new LoginManager({ secret: SECRET, store: used, userLoader: () => null });

    it("emits storeFailed each time a prune fails, and warns once", async () => {
      await opened("1h");
      await expired(3);
      await place.forbid();
      const warnings = await warningsOf("LatchkeyPruneWarning", async () => {
        await opened("10ms");
        sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
        const failures: Array<{ operation: string; error: Error }> = [];
        const login = managerOf(store);
        await new Promise<void>((resolve) => {
          login.on("storeFailed", (failure) => {
            // The role could not end the lease either, so the next prune begins when the lease has expired.
            sinon.clock.setSystemTime(Date.now() + MINUTE);
            if (failures.push(failure) === 3) resolve();
          });
        });
        await store.close();
        for (const { operation, error } of failures) {
          expect(operation).to.equal("prune");
          expect(error.message).to.include(place.refusal);
        }
      });
      sinon.restore();
      await place.allow();
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.include("could not remove expired records").and.include(place.refusal);
      expect(warnings[0]).not.to.include("guarded");
    });

    it("reports each prune on the tracing channel of the store, with the number of removed records", async () => {
      await opened("1h");
      await store.destroy("live");
      sinon.useFakeTimers({ now: Date.now() + 10 * MINUTE, toFake: ["Date"] });
      await store.prune(); // what the test before this one left, also its lease
      sinon.restore();
      await expired(3);
      await store.close();
      let opening: Promise<void> | undefined;
      const heard = await new Promise<object>((resolve) => {
        const listener = (message: unknown) => {
          const { operation, result } = message as { operation: string; result?: number };
          if (operation !== "prune" || !result) return;
          unsubscribe("tracing:latchkey:store:asyncEnd", listener);
          resolve({ operation, result });
        };
        subscribe("tracing:latchkey:store:asyncEnd", listener);
        opening = opened("10ms");
      });
      await opening; // it may prune before it is open
      expect(heard).to.eql({ operation: "prune", result: 3 });
      expect(await store.read("live")).to.include({ userId: "ann" });
    });
  });
}
