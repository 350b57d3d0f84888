import { expect } from "chai";
import type { SessionRecord, SessionStore } from "latchkey";
import sinon from "sinon";
import { QueryFailedError } from "typeorm";
import { backendsHere, type Opened } from "../support/backends.js";
import { aroundStatements } from "../support/statements.js";

const CODES = ["40P01", "40001", "55P03", "ER_LOCK_DEADLOCK", "ER_LOCK_WAIT_TIMEOUT", "SQLITE_BUSY"];
/** How often a statement is sent. On SQLite this depends on the clock, which each pause moves past the timeout. */
const TRIES = { sqlite: 2, server: 4 };
const LONGEST_TIMEOUT = 60_000;
const NOW = Date.UTC(2030, 0, 1);
const instants = { createdAt: NOW - 9000, lastSeenAt: NOW - 9000, expiresAt: NOW + 60_000 };
const record: SessionRecord = { kind: "session", userId: "ann", data: { n: 1 }, ...instants, revision: 0 };
const changed: SessionRecord = { ...record, data: { n: 2 } };

const PAGE = { kind: "session", limit: 1 };

/** Calls of each method, on a table with two sessions of Ann and an expired one. */
const verbs: Record<string, (store: SessionStore) => Promise<unknown>> = {
  create: (store) => store.create("new", record),
  "create over an expired record": (store) => store.create("over", record),
  "create of a taken id": (store) => store.create("a", changed),
  read: (store) => store.read("a"),
  update: (store) => store.update("a", changed),
  "update of a missing record": (store) => store.update("none", changed),
  touch: (store) => store.touch("a", { lastSeenAt: NOW, expiresAt: NOW + 90_000 }),
  destroy: (store) => store.destroy("a"),
  "destroy of a missing record": (store) => store.destroy("none"),
  listByUser: (store) => store.listByUser("ann", PAGE),
  "listByUser after a page": (store) => store.listByUser("ann", { ...PAGE, after: "a" }),
  destroyByUser: (store) => store.destroyByUser("ann", PAGE),
};

/** The stores, how the test makes each one fail, and the name of the error that the caller receives. */
const here = [
  {
    name: "sqlite",
    tries: TRIES.sqlite,
    errorName: "QueryFailedError",
    fail({ dataSource }: Opened, codeOf: () => string | undefined) {
      const runner = Object.getPrototypeOf(dataSource!.createQueryRunner());
      sinon.stub(runner, "query").callsFake(async function (this: unknown, ...args) {
        const code = codeOf();
        if (code) throw new QueryFailedError(String(args[0]), [], Object.assign(new Error("stubbed"), { code }));
        return (runner.query as sinon.SinonStub).wrappedMethod.apply(this, args);
      });
    },
  },
  ...["sql on better-sqlite3", "sql on pg", "sql on mysql2"].map((name) => ({
    name,
    tries: name.endsWith("sqlite3") ? TRIES.sqlite : TRIES.server,
    errorName: "Error",
    fail({ database }: Opened, codeOf: () => string | undefined) {
      aroundStatements(database!, async (_sql, send) => {
        const code = codeOf();
        if (code) throw Object.assign(new Error("stubbed"), { code });
        return send();
      });
    },
  })),
];

for (const { name: backend, open } of await backendsHere(...here.map(({ name }) => name))) {
  const { tries, errorName, fail } = here.find(({ name }) => name === backend)!;
  describe(`transient database errors on ${backend}`, () => {
    let opened: Opened;
    let fails: (statement: number) => string | undefined;
    let statements: number;
    const rows = () => opened.query!(`SELECT * FROM ${opened.table} WHERE expires_at > ${NOW} ORDER BY id`);

    before(async () => {
      opened = await open();
    });
    after(() => opened.close());
    beforeEach(() => {
      sinon.useFakeTimers({ now: NOW, toFake: ["Date"] });
      fails = () => undefined;
      fail(opened, () => fails(++statements));
      // Skip the pauses between tries. Timeouts of drivers, which are longer, stay as they are.
      let elapsed = 0;
      const { setTimeout } = globalThis;
      sinon.stub(globalThis, "setTimeout").callsFake(((run: () => void, after: number) => {
        if (after > 200) return setTimeout(run, after);
        elapsed += LONGEST_TIMEOUT;
        return setImmediate(run);
      }) as never);
      sinon.stub(performance, "now").callsFake(() => elapsed);
    });
    afterEach(() => sinon.restore());

    /** Returns the result of a method, the live rows before and after it, and the number of its statements. */
    async function outcome(verb: (store: SessionStore) => Promise<unknown>, given: typeof fails = () => undefined) {
      const { store, query, table } = opened;
      fails = () => undefined;
      await query!(`DELETE FROM ${table}`);
      for (const id of ["a", "b"]) await store.create(id, record);
      await store.create("over", { ...record, expiresAt: NOW - 1 });
      const before = await rows();
      fails = given;
      statements = 0;
      const result = await verb(store).catch(({ name, code }) => ({ name, code }));
      const ran = statements;
      fails = () => undefined;
      return { result, before, after: await rows(), ran };
    }

    for (const [name, verb] of Object.entries(verbs)) {
      it(`${name}: succeeds at the next try, or fails after ${tries} tries with nothing or all done`, async () => {
        const undisturbed = await outcome(verb);
        expect(undisturbed.ran).to.be.above(0);
        for (const code of CODES) {
          for (let k = 1; k <= undisturbed.ran; k++) {
            const once = await outcome(verb, (statement) => (statement === k ? code : undefined));
            expect(once, `${code} at ${k}`).to.eql({ ...undisturbed, ran: undisturbed.ran + 1 });
            const forGood = await outcome(verb, (statement) => (statement >= k ? code : undefined));
            const { result, before, after, ran } = forGood;
            expect([result, ran], `${code} from ${k}`).to.eql([{ name: errorName, code }, k - 1 + tries]);
            expect([before, undisturbed.after], "nothing or all is done").to.deep.include(after);
          }
        }
      });
    }

    it("does not try again after an error of another kind", async () => {
      const { result, ran } = await outcome(verbs.update!, () => "42P01");
      expect([result, ran]).to.eql([{ name: errorName, code: "42P01" }, 1]);
    });
  });
}
