import { expect } from "chai";
import type { SessionRecord } from "latchkey";
import sinon from "sinon";
import { DataSource } from "typeorm";
import { backendsHere, SQL, shared } from "../support/backends.js";
import { countTrials } from "../support/raw-client.js";
import { storedSessions } from "../support/records.js";
import { until } from "../support/redis-servers.js";
import { failuresOf } from "../support/statements.js";
import { trials } from "../support/trials.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

const WORKERS = 16;
const OPERATIONS = WORKERS * trials(2000, 200);
const IDS = 40;
const USERS = ["ann", "bob", "cid"];

/** Per database: a query for waiting connections, a longer wait for our own connection, and the deadlock error code. */
const POSTGRES = {
  open: async () => new DataSource({ type: "postgres", url: (await shared.postgres()).url }).initialize(),
  waits: "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  patience: "SET deadlock_timeout = '1min'",
  code: "40P01",
};
const MARIADB = {
  open: async () => new DataSource({ type: "mariadb", url: (await shared.mariadb()).url }).initialize(),
  // innodb_trx would show the wait directly, but its contents do not change while they are polled.
  waits:
    "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'DELETE %' AND time_ms > 100",
  patience: "SET innodb_lock_wait_timeout = 60",
  code: "ER_LOCK_DEADLOCK",
};
const deadlocks: Record<string, typeof POSTGRES | typeof MARIADB> = {
  postgres: POSTGRES,
  mariadb: MARIADB,
  "sql on pg": POSTGRES,
  "sql on mysql2": MARIADB,
};
const here = await backendsHere("postgres", "mariadb", "sql on pg", "sql on mysql2");

const updating = await backendsHere("sqlite", "postgres", "mariadb", "redis", ...SQL);
const UPDATES = 50;
const ROUNDS = 20;

describe("concurrent updates of the same revision", () => {
  expectNoUnhandledRejections();

  for (const { name, open } of updating) {
    it(`on ${name}, exactly one of ${UPDATES} updates over two connections succeeds, and its data is stored (${ROUNDS} rounds)`, async () => {
      const { store, another, close } = await open();
      const stores = [store, await another!()];
      const winners: number[] = [];
      try {
        const now = Date.now();
        const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 3_600_000 };
        const first: SessionRecord = { kind: "browser", userId: "ann", data: {}, ...times, revision: 0 };
        await stores[0]!.create("a", first);
        for (let revision = 0; revision < ROUNDS; revision++) {
          const records = Array.from({ length: UPDATES }, (_, n) => ({ ...first, revision, data: { n } }));
          const updated = await Promise.all(records.map((one, n) => stores[n % 2]!.update("a", one)));
          const won = records.filter((_, n) => updated[n]);
          winners.push(won.length);
          for (const one of stores) expect(await one.read("a")).to.eql({ ...won[0], revision: revision + 1 });
        }
      } finally {
        await close();
      }
      expect(winners).to.eql(Array(ROUNDS).fill(1));
    });
  }
});

const sql = await backendsHere(...SQL);

describe("destroying a session that another connection updates after every read", () => {
  afterEach(() => sinon.restore());

  for (const { name, open } of sql) {
    it(`ends the session on ${name}`, async () => {
      const { store, database, another, close } = await open();
      try {
        const now = Date.now();
        const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 3_600_000 };
        await store.create("a", { kind: "session", userId: "ann", data: {}, ...times, revision: 0 });
        const other = await another!();
        const { all } = database!;
        let revision = 0;
        sinon.stub(database!, "all").callsFake(async (...asked) => {
          const rows = await all.apply(database, asked);
          if (await other.update("a", { data: {}, ...times, revision })) revision++;
          return rows;
        });
        const ended = await store.destroy("a");
        expect([ended?.userId, revision > 10, await other.read("a")]).to.eql(["ann", true, null]);
      } finally {
        await close();
      }
    });
  }
});

describe("many workers on the same sessions", () => {
  expectNoUnhandledRejections();

  for (const { name, open } of here) {
    it(`on ${name}, ${OPERATIONS} mixed operations of ${WORKERS} workers all succeed and never find an ended session`, async () => {
      const { store, close } = await open();
      const pick = (count: number) => Math.floor(Math.random() * count);
      const user = () => USERS[pick(USERS.length)]!;
      const record = (): SessionRecord => {
        const now = Date.now();
        const lifetime = pick(4) === 0 ? 5 : 3_600_000; // some expire soon
        return {
          kind: "session",
          userId: user(),
          data: { n: pick(1000) },
          createdAt: now,
          lastSeenAt: now,
          expiresAt: now + lifetime,
          revision: 0,
        };
      };
      let created = 0;
      const ids = Array.from({ length: IDS }, (_, n) => `first${n}`);
      await Promise.all(ids.map((id) => store.create(id, record())));
      const ended = new Set<string>();
      const found: string[] = [];

      /** The workers' operations on one of the last sessions. Each resolves to true if it finds that session. */
      const operations: Array<(id: string) => Promise<boolean>> = [
        async (id) => (await store.read(id)) !== null,
        (id) => store.update(id, record()),
        (id) => store.touch(id, { lastSeenAt: Date.now(), expiresAt: Date.now() + 3_600_000 }),
        async (id) => (await storedSessions(store, user())).some((one) => one.id === id),
        async () => {
          const id = `s${created++}`;
          await store.create(id, record());
          ids[pick(IDS)] = id;
          return false;
        },
        async (id) => {
          await store.destroy(id);
          ended.add(id);
          return false;
        },
        async () => (await store.destroyByUser(user(), { kind: "session", limit: 100 })).ended < 0,
        async () => (await store.prune({ limit: 5 })) < 0,
      ];
      await countTrials(
        OPERATIONS,
        async (n) => {
          const id = ids[pick(IDS)]!;
          const had = ended.has(id);
          if ((await operations[n % operations.length]!(id)) && had) found.push(id);
          return true;
        },
        WORKERS,
      );
      for (const id of ended) if (await store.read(id)) found.push(id);
      await close();
      expect(found, "ended sessions that were found").to.eql([]);
      expect(ended.size).to.be.above(OPERATIONS / 20);
    });

    it(`on ${name}, the store retries a statement that the database aborts to end a deadlock`, async () => {
      const opened = await open();
      const { store, query, table, close } = opened;
      const dataSource = await deadlocks[name]!.open();
      const other = dataSource.createQueryRunner();
      const write = (id: string) => other.query(`UPDATE ${table} SET data = '{}' WHERE id = '${id}'`);
      const { waits, patience, code } = deadlocks[name]!;
      try {
        const instants = { kind: "session", createdAt: 1, lastSeenAt: 1, expiresAt: 2, revision: 0 };
        for (const id of ["a", "b"]) await store.create(id, { userId: "ann", data: {}, ...instants });
        for (let n = 0; n < 20; n++)
          await store.create(`x${n}`, { userId: "bob", data: { n }, ...instants, expiresAt: 1e14 });
        const failed = failuresOf(opened);
        await other.query(patience);
        await other.startTransaction();
        for (let n = 0; n < 20; n++) await write(`x${n}`); // MariaDB aborts the transaction with fewer writes
        await write("b");
        const pruned = store.prune();
        await until(async () => (await query!(waits)).length > 0);
        await write("a");
        await other.commitTransaction();
        expect(await pruned).to.equal(2);
        expect(failed.map((error) => (error as Error & { code?: string }).code)).to.eql([code]);
      } finally {
        sinon.restore();
        await other.release();
        await dataSource.destroy();
        await close();
      }
    });
  }
});
