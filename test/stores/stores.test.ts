import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import pgSimple from "connect-pg-simple";
import { RedisStore as ConnectRedis } from "connect-redis";
import session from "express-session";
import { ExpressSessionStore } from "latchkey/stores/express-session";
import { storeConformance } from "latchkey/testing";
import memorystore from "memorystore";
import { createClient } from "redis";
import { type Backend, backendsHere, shared } from "../support/backends.js";
import { storeCases } from "../support/store-cases.js";

/** The backends that also wait for records to expire in the quick tier: one in memory, and one in a database. */
const IN_REAL_TIME = ["memory", "sql on better-sqlite3"];

for (const { name, open } of await backendsHere()) {
  const casesOf = IN_REAL_TIME.includes(name) ? storeConformance : storeCases;
  describe(`the ${name} store`, () => {
    let opened: Awaited<ReturnType<Backend["open"]>>;
    before(async () => {
      opened = await open();
    });
    after(() => opened?.close());
    for (const { name, run } of casesOf({ store: () => opened.store })) it(name, run);
  });
}

/** Stores for express-session, with the backend that each needs and a function that closes the store. */
const wrapped = [
  {
    name: "memorystore",
    backend: "memory",
    open: async () => ({ store: new (memorystore(session))({ checkPeriod: 3_600_000 }), close: async () => {} }),
  },
  {
    name: "connect-pg-simple",
    backend: "postgres",
    async open() {
      const conString = (await shared.postgres()).url;
      const store = new (pgSimple(session))({ conString, createTableIfMissing: true, pruneSessionInterval: false });
      return { store, close: async () => void (await store.close()) };
    },
  },
  {
    name: "connect-redis",
    backend: "redis",
    async open() {
      const client = await createClient({ url: (await shared.redis()).url }).connect();
      return { store: new ConnectRedis({ client, prefix: "wrapped:" }), close: () => client.close() };
    },
  },
];

for (const { name, backend, open } of wrapped) {
  if ((await backendsHere(backend)).length === 0) continue;
  describe(`ExpressSessionStore over ${name}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let store: ExpressSessionStore;
    before(async () => {
      opened = await open();
      store = new ExpressSessionStore(opened.store as session.Store);
    });
    after(() => opened?.close());
    for (const { name, run } of storeCases({ store: () => store, lacks: ["compareAndSet", "listByUser"] }))
      it(name, run);
  });
}

describe("the conformance suite under node:test", () => {
  const program = (store: string) => `
    import { test } from "node:test";
    import { MemoryStore } from "latchkey";
    import { storeConformance } from "latchkey/testing";
    const store = ${store};
    for (const { name, run } of storeConformance({ store: () => store })) test(name, run);`;
  const run = (store: string) =>
    new Promise<{ code: number; passed: number; failed: number }>((resolve) => {
      const root = fileURLToPath(new URL(".", import.meta.resolve("latchkey/package.json")));
      const args = ["--test-reporter=tap", "--input-type=module", "-e", program(store)];
      const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
      execFile(process.execPath, args, { cwd: root, env }, (error, stdout) => {
        const count = (what: string) => Number(stdout.match(new RegExp(`^# ${what} (\\d+)$`, "m"))?.[1]);
        resolve({ code: Number(error?.code ?? 0), passed: count("pass"), failed: count("fail") });
      });
    });

  it("passes for a store that meets the contract, and fails for a store that does not", async () => {
    const { length } = storeConformance({ store: () => expect.fail("not opened yet") });
    const forgetful = "Object.assign(new MemoryStore(), { destroy: async () => true })";
    const [good, { code, passed, failed }] = await Promise.all([run("new MemoryStore()"), run(forgetful)]);
    expect(good).to.eql({ code: 0, passed: length, failed: 0 });
    expect([code, passed + failed]).to.eql([1, length]);
    expect(failed).to.be.greaterThan(5);
  });
});
