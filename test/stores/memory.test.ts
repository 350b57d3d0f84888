import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";
import { MemoryStore, type SessionRecord } from "latchkey";
import sinon from "sinon";
import { inProduction } from "../support/production.js";
import { runProgram } from "../support/program.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import { inTestAll } from "../support/tier.js";

/** A record that expires in a minute. */
function record(given: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  return {
    kind: "session",
    userId: null,
    data: { n: 1 },
    createdAt: now,
    lastSeenAt: now,
    expiresAt: now + 60_000,
    revision: 0,
    ...given,
  };
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

  it("stores copies: later changes to a given or returned record have no effect", async () => {
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

  it("evicts the least recently used session when it is full, and throws for a bad maxOfKind", async () => {
    const small = new MemoryStore({ maxOfKind: 3 });
    for (const id of ["a", "b", "c"]) await small.create(id, record({ userId: id }));
    await small.read("a");
    await small.create("d", record({ userId: "d" }));
    expect(await small.read("b")).to.equal(null);
    const listed = await Promise.all(["a", "b", "c", "d"].map((id) => storedSessions(small, id)));
    expect(listed.map(({ length }) => length)).to.deep.equal([1, 0, 1, 1]);
    await small.close();
    for (const maxOfKind of [0, -1, 1.5, Number.NaN, "3"]) {
      expect(() => new MemoryStore({ maxOfKind: maxOfKind as number })).to.throw(TypeError, "maxOfKind");
    }
  });

  it("has separate limits for sessions with a user, sessions without a user, and remembered browsers", async () => {
    const small = new MemoryStore({ maxOfKind: 3 });
    for (const id of ["a", "b", "c"]) await small.create(id, record({ userId: id }));
    for (let n = 0; n < 10; n++) await small.create(`visitor ${n}`, record());
    for (let n = 0; n < 10; n++) await small.create(`browser ${n}`, record({ kind: "browser", userId: "a" }));
    const ids = ["a", "b", "c", "visitor 6", "visitor 7", "visitor 9", "browser 6", "browser 7", "browser 9"];
    const found = await Promise.all(ids.map((id) => small.read(id)));
    expect(found.map((one) => one !== null)).to.deep.equal([true, true, true, false, true, true, false, true, true]);
    await small.close();
  });

  it("deletes 100,000 expired sessions and their index entries with its own timer", async () => {
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

  it("prunes remembered browsers with the same timer, and deletes them on close()", async () => {
    const browser = { kind: "browser", userId: "a" };
    await store.create("long", record({ ...browser, expiresAt: Date.now() + 3_600_000 }));
    await store.create("short", record({ ...browser, expiresAt: Date.now() + 1000 }));
    await clock.tickAsync(60_000);
    expect(await store.prune(), "the timer has pruned").to.equal(0);
    expect((await storedBrowsers(store, "a")).map(({ id }) => id)).to.deep.equal(["long"]);
    await store.close();
    expect(await store.read("long")).to.equal(null);
  });

  it("warns in production only", () => {
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

inTestAll("many MemoryStores", () => {
  it("are garbage-collected without close() when nothing refers to them: 500 stores fit into 200 MB", async () => {
    const script = `
      import { MemoryStore } from "latchkey";
      const now = Date.now();
      for (let n = 0; n < 500; n++) {
        const record = { kind: "session", userId: "1", data: {}, createdAt: now, lastSeenAt: now, expiresAt: now + 60_000, revision: 0 };
        await new MemoryStore().create("a", record);
        await new Promise(setImmediate);
      }
      console.log("done");`;
    const args = ["--max-old-space-size=200", "--input-type=module", "-e", script];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).to.equal("done\n");
  });
});
