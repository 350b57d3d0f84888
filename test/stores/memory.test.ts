import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";
import { MemoryStore, type SessionRecord } from "latchkey";
import sinon from "sinon";
import { inProduction } from "../support/production.js";
import { runProgram } from "../support/program.js";
import { inTestAll } from "../support/tier.js";

/** A record that expires in a minute. */
function record(given: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  return {
    userId: null,
    data: { n: 1 },
    createdAt: now,
    lastSeenAt: now,
    expiresAt: now + 60_000,
    revision: 0,
    ...given,
  };
}

async function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail("it resolved"),
    (error: Error) => error,
  );
}

describe("MemoryStore", () => {
  let clock: sinon.SinonFakeTimers;
  let store: MemoryStore;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date", "setInterval", "clearInterval"] });
    store = new MemoryStore();
  });
  afterEach(async () => {
    await store.close();
    sinon.restore();
  });

  it("creates a record, and rejects an id that is taken without a change", async () => {
    const first = record({ userId: "1" });
    await store.create("a", first);
    expect(await rejection(store.create("a", record({ userId: "2" })))).to.include({ code: "session_exists" });
    expect(await store.read("a")).to.deep.equal(first);
    expect(await store.listByUser("2")).to.deep.equal([]);
  });

  it("reads null for what is not there, and creates nothing", async () => {
    expect(await store.read("a")).to.equal(null);
    expect(await store.update("a", record())).to.equal(false);
    expect(await store.touch("a", record())).to.equal(false);
    expect(await store.destroy("a")).to.equal(false);
    expect(await store.read("a")).to.equal(null);
  });

  it("keeps what was given, whatever becomes of the objects", async () => {
    const given = record({ data: { list: ["kept"] } });
    await store.create("a", given);
    (given.data.list as string[]).push("no");
    const read = (await store.read("a"))!;
    expect(read.data).to.deep.equal({ list: ["kept"] });
    expect(() => Object.assign(read.data, { list: [] })).to.throw(TypeError);
    expect(() => (read.data.list as string[]).push("no")).to.throw(TypeError);
    read.expiresAt = 0;
    expect((await store.read("a"))!.data).to.deep.equal({ list: ["kept"] });
  });

  it("updates what is there, and moves it to another user", async () => {
    await store.create("a", record({ userId: "1" }));
    const changed = record({ userId: "2", data: { n: 2 } });
    expect(await store.update("a", changed)).to.equal(true);
    expect(await store.read("a")).to.deep.equal({ ...changed, revision: 1 });
    expect(await store.listByUser("1")).to.deep.equal([]);
    expect(await store.listByUser("2")).to.deep.equal([{ id: "a", ...changed, revision: 1 }]);
    expect(await store.update("a", record({ userId: null, revision: 1 }))).to.equal(true);
    expect(await store.listByUser("2")).to.deep.equal([]);
  });

  it("touches forward, never back, and nothing else", async () => {
    const first = record({ userId: "1" });
    await store.create("a", first);
    const later = { lastSeenAt: first.lastSeenAt + 5, expiresAt: first.expiresAt + 5 };
    expect(await store.touch("a", later)).to.equal(true);
    expect(await store.touch("a", { lastSeenAt: 1, expiresAt: 1 })).to.equal(true);
    expect(await store.read("a")).to.deep.equal({ ...first, ...later });
  });

  it("gives true to one of 100 that destroy at once", async () => {
    await store.create("a", record());
    const answers = await Promise.all(Array.from({ length: 100 }, () => store.destroy("a")));
    expect(answers.filter(Boolean)).to.have.lengthOf(1);
    expect(await store.read("a")).to.equal(null);
  });

  it("lists and ends the live sessions of a user, the newest first", async () => {
    const now = Date.now();
    for (const [id, age] of [
      ["old", 3],
      ["new", 1],
      ["middle", 2],
    ] as const) {
      await store.create(id, record({ userId: "1", createdAt: now - age }));
    }
    await store.create("over", record({ userId: "1", expiresAt: now }));
    await store.create("other", record({ userId: "2" }));
    await store.create("nobody", record());
    expect((await store.listByUser("1")).map(({ id }) => id)).to.deep.equal(["new", "middle", "old"]);
    expect(await store.destroyByUser("1", { except: "middle" })).to.equal(2);
    expect((await store.listByUser("1")).map(({ id }) => id)).to.deep.equal(["middle"]);
    expect(await store.destroyByUser("1", { except: "elsewhere" })).to.equal(1);
    expect(await store.destroyByUser("1")).to.equal(0);
    expect([await store.read("other"), await store.read("nobody")]).not.to.include(null);
  });

  it("treats an expired record as absent, by every verb", async () => {
    const verbs: Array<[unknown, () => Promise<unknown>]> = [
      [null, () => store.read("a")],
      [false, () => store.update("a", record())],
      [false, () => store.touch("a", record())],
      [false, () => store.destroy("a")],
      [undefined, () => store.create("a", record({ expiresAt: Date.now() }))],
      [0, () => store.destroyByUser("1")],
    ];
    for (const [absent, verb] of verbs) {
      await store.create("a", record({ userId: "1" }));
      clock.tick(59_999);
      expect(await store.read("a")).not.to.equal(null);
      clock.setSystemTime(Date.now() + 1);
      expect(await store.listByUser("1")).to.deep.equal([]);
      expect(await verb()).to.deep.equal(absent);
      expect(await store.read("a")).to.equal(null);
    }
  });

  it("prunes expired records, at most so many", async () => {
    for (let n = 0; n < 10; n++)
      await store.create(`a${n}`, record({ userId: "1", expiresAt: Date.now() + (n < 7 ? 1 : 1000) }));
    clock.setSystemTime(Date.now() + 1);
    expect([await store.prune({ limit: 5 }), await store.prune({ limit: 5 }), await store.prune()]).to.deep.equal([
      5, 2, 0,
    ]);
    expect(await store.listByUser("1")).to.have.lengthOf(3);
  });

  it("drops the session unused for longest when it is full, and its user index with it", async () => {
    const small = new MemoryStore({ maxSessions: 3 });
    for (const id of ["a", "b", "c"]) await small.create(id, record({ userId: id }));
    await small.read("a");
    await small.create("d", record({ userId: "d" }));
    expect(await small.read("b")).to.equal(null);
    const listed = await Promise.all(["a", "b", "c", "d"].map((id) => small.listByUser(id)));
    expect(listed.map(({ length }) => length)).to.deep.equal([1, 0, 1, 1]);
    await small.close();
    for (const maxSessions of [0, -1, 1.5, Number.NaN, "3"]) {
      expect(() => new MemoryStore({ maxSessions: maxSessions as number })).to.throw(TypeError, "maxSessions");
    }
  });

  it("is empty again after 100,000 sessions expired, by its own timer", async () => {
    const indexed = sinon.spy(Map.prototype, "set");
    for (let n = 0; n < 100_000; n++)
      await store.create(`id${n}`, record({ userId: `user${n % 1000}`, expiresAt: Date.now() + 1000 }));
    const index = indexed.thisValues.find((map: Map<string, unknown>) => map.has("user0")) as Map<string, unknown>;
    indexed.restore();
    expect(index.size).to.equal(1000);
    await clock.tickAsync(60_000);
    expect(await store.prune(), "nothing is left to prune").to.equal(0);
    expect(index.size, "users in the index").to.equal(0);
  });

  it("keeps remembered browsers, bounded by themselves, pruned by the same timer, until it is closed", async () => {
    const small = new MemoryStore({ maxRememberTokens: 3 });
    const tokens = small.rememberTokens;
    const token = (userId: string, lifetime = 3_600_000) => {
      const createdAt = Date.now();
      return { userId, tokenHash: "first", data: {}, createdAt, expiresAt: createdAt + lifetime };
    };
    for (const id of ["a", "b", "c"]) await tokens.create(id, token(id));
    await small.create("session", record({ userId: "a" }));
    await tokens.read("a");
    await tokens.create("d", token("d", 1000));
    expect(await tokens.read("b")).to.equal(null);
    const listed = await Promise.all(["a", "b", "c", "d"].map((id) => tokens.listByUser(id)));
    expect(listed.map(({ length }) => length)).to.deep.equal([1, 0, 1, 1]);
    await clock.tickAsync(60_000);
    expect(await tokens.prune(), "the timer has pruned").to.equal(0);
    expect([await small.prune(), (await tokens.listByUser("d")).length]).to.deep.equal([0, 0]);
    await tokens.create("e", token("e"));
    expect(await tokens.listByUser("a"), "the pruned one made room").to.have.lengthOf(1);
    await small.close();
    expect(await Promise.all(["a", "c", "e"].map((id) => tokens.read(id)))).to.deep.equal([null, null, null]);
    for (const maxRememberTokens of [0, -1, 1.5, Number.NaN, "3"]) {
      const options = { maxRememberTokens: maxRememberTokens as number };
      expect(() => new MemoryStore(options)).to.throw(TypeError, "maxRememberTokens");
    }
  });

  const hostile: unknown[] = [undefined, null, "", [], ["a"], {}, { $ne: 1 }, 1, true, { toString: () => "a" }];
  it(`refuses ids that are not non-empty strings: ${hostile.length} kinds, every verb`, async () => {
    await store.create("a", record({ userId: "a" }));
    for (const id of hostile as string[]) {
      const calls = [
        () => store.create(id, record()),
        () => store.read(id),
        () => store.update(id, record()),
        () => store.touch(id, record()),
        () => store.destroy(id),
        () => store.listByUser(id),
        () => store.destroyByUser(id),
      ];
      if (id !== undefined) calls.push(() => store.destroyByUser("a", { except: id }));
      if (id !== null) calls.push(() => store.create("b", record({ userId: id })));
      if (id !== null) calls.push(() => store.update("a", record({ userId: id })));
      for (const call of calls) expect(await rejection(call())).to.be.instanceOf(TypeError);
    }
    expect(await store.listByUser("a")).to.have.lengthOf(1);
    expect(await store.read("b")).to.equal(null);
  });

  it("warns in production", () => {
    const warn = sinon.stub(process, "emitWarning");
    void inProduction(() => new MemoryStore()).close();
    void new MemoryStore().close();
    expect(warn.args).to.have.lengthOf(1);
    expect(warn.args[0]!.slice(1)).to.deep.equal(["LatchkeyMemoryStoreWarning"]);
  });

  it("does not keep the process alive", async () => {
    const program = 'import { MemoryStore } from "latchkey"; globalThis.store = new MemoryStore(); console.log("end")';
    expect(await runProgram(program)).to.eql({ code: 0, output: "end" });
  });
});

inTestAll("many a MemoryStore", () => {
  it("is let go when nobody has it any more, without being closed: 500 stores fit into 200 MB", async () => {
    const script = `
      import { MemoryStore } from "latchkey";
      const now = Date.now();
      for (let n = 0; n < 500; n++) {
        const record = { userId: "1", data: {}, createdAt: now, lastSeenAt: now, expiresAt: now + 60_000, revision: 0 };
        await new MemoryStore().create("a", record);
        await new Promise(setImmediate);
      }
      console.log("done");`;
    const args = ["--max-old-space-size=200", "--input-type=module", "-e", script];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).to.equal("done\n");
  });
});
