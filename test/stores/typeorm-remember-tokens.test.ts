import { expect } from "chai";
import type { RememberTokenRecord, SessionRecord } from "latchkey";
import { CreateLatchkeyTables1700000000000, latchkeyEntities, TypeOrmStore } from "latchkey/stores/typeorm";
import sinon from "sinon";
import { DataSource } from "typeorm";
import { DataSource as DataSource03 } from "typeorm03";
import { backendsHere } from "../support/backends.js";
import { makeDatabase } from "../support/databases.js";

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

describe("the remembered browsers of a TypeOrmStore", () => {
  afterEach(() => sinon.restore());

  for (const { name, open } of databases) {
    it(`on ${name}: rotates by one UPDATE, whether or not anything changes`, async () => {
      const { store, dataSource, close } = await open();
      const tokens = store.rememberTokens!;
      await tokens.create("a", token());
      const logged = sinon.spy(dataSource!.logger, "logQuery");
      const verbs = async (work: () => Promise<unknown>) => {
        logged.resetHistory();
        const result = await work();
        return [result, logged.args.map(([sql]) => sql.trimStart().split(" ", 1)[0])];
      };
      const same = (await tokens.read("a"))!;
      expect(await verbs(() => tokens.rotate("a", "first", same))).to.eql([true, ["UPDATE"]]);
      expect(await verbs(() => tokens.rotate("a", "other", same))).to.eql([false, ["UPDATE"]]);
      expect(await verbs(() => tokens.rotate("a", "first", token({ tokenHash: "next" })))).to.eql([true, ["UPDATE"]]);
      // MySQL may count no row because nothing changed, so a record that keeps its token is looked at.
      const looked = name === "mariadb" ? ["UPDATE", "SELECT"] : ["UPDATE"];
      expect(await verbs(() => tokens.rotate("a", "first", same))).to.eql([false, looked]);
      expect(await verbs(() => tokens.read("a")).then(([, ran]) => ran)).to.eql(["SELECT"]);
      await close();
    });
  }

  if (databases.some(({ name }) => name === "mariadb")) {
    it("finds what is there, though nothing changes, on a MariaDB connection without the flag FOUND_ROWS", async () => {
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
          const [kept, remembered] = [record(), token()];
          await store.create("a", kept);
          await store.rememberTokens.create("a", remembered);
          const { affectedRows } = await other.query("UPDATE latchkey_sessions SET data = data");
          expect(affectedRows, "the flag is gone").to.equal(0);
          for (const id of ["a", "none"]) {
            const outcomes = [
              await store.update(id, kept),
              await store.touch(id, kept),
              await store.rememberTokens.rotate(id, "first", remembered),
            ];
            expect(outcomes).to.eql(outcomes.map(() => id === "a"));
          }
        } finally {
          await other.destroy();
          await drop();
        }
      }
    });
  }

  it("prunes both tables by its timer, the second one though the first fails", async () => {
    const options = { type: "better-sqlite3", database: ":memory:" } as const;
    const migrations = [CreateLatchkeyTables1700000000000];
    const dataSource = new DataSource({ ...options, entities: latchkeyEntities(), migrations });
    await dataSource.initialize();
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date", "setTimeout", "clearTimeout"] });
    await dataSource.runMigrations();
    const store = new TypeOrmStore({ dataSource, pruneEvery: MINUTE });
    const rows = async () =>
      Promise.all(
        ["sessions", "remember_tokens"].map(async (table) => {
          const [{ n }] = await dataSource.query(`SELECT count(*) AS n FROM latchkey_${table}`);
          return n;
        }),
      );
    const fill = async () => {
      const over = { expiresAt: Date.now() + 1 };
      for (const id of ["a", "b"]) {
        await store.create(id, record(over)).catch(() => {});
        await store.rememberTokens.create(id, token(over));
      }
      await store.rememberTokens.create("live", token({ expiresAt: Date.now() + 1000 * MINUTE })).catch(() => {});
    };
    let tell: (pruned: number) => void = () => {};
    const { rememberTokens } = store;
    const prune = rememberTokens.prune.bind(rememberTokens);
    sinon.stub(rememberTokens, "prune").callsFake(async () => {
      const pruned = await prune();
      tell(pruned);
      return pruned;
    });
    const prunedByTimer = async () => {
      const pruned = new Promise<number>((resolve) => {
        tell = resolve;
      });
      await clock.tickAsync(1.5 * MINUTE);
      return pruned;
    };
    await fill();
    expect(await rows()).to.eql([2, 3]);
    expect(await prunedByTimer()).to.equal(2);
    expect(await rows()).to.eql([0, 1]);
    await fill();
    const failing = sinon.stub(store, "prune").rejects(new Error("database is locked"));
    expect(await prunedByTimer()).to.equal(2);
    expect(failing.called).to.equal(true);
    expect(await rows()).to.eql([2, 1]);
    await store.close();
    await dataSource.destroy();
  });
});
