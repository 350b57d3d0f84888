import { expect } from "chai";
import session from "express-session";
import type { SessionRecord } from "latchkey";
import { ExpressSessionStore } from "latchkey/stores/express-session";
import sinon from "sinon";

const AT_ONCE = 50;

function record(): SessionRecord {
  const now = Date.now();
  return { userId: "1", data: { n: 0 }, createdAt: now, lastSeenAt: now, expiresAt: now + 3_600_000, revision: 0 };
}

/** How often a call that is made many times at once gives true. */
async function winners(call: (index: number) => Promise<boolean>): Promise<number> {
  const given = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => call(index)));
  return given.filter((one) => one).length;
}

describe("an express-session store, wrapped, in one process", () => {
  afterEach(() => sinon.restore());

  it("creates, updates and destroys for one of many callers", async () => {
    const store = new ExpressSessionStore(new session.MemoryStore());
    const created = () =>
      store.create("a", record()).then(
        () => true,
        () => false,
      );
    expect(await winners(created)).to.equal(1);
    expect(await winners((n) => store.update("a", { ...record(), data: { n } }))).to.equal(1);
    expect((await store.read("a"))?.revision).to.equal(1);
    expect(await winners(() => store.destroy("a"))).to.equal(1);
  });

  it("does not bring a session back that is ended while it is touched or updated", async () => {
    const store = new ExpressSessionStore(new session.MemoryStore());
    for (let trial = 0; trial < 200; trial++) {
      await store.create("a", record());
      const { lastSeenAt, expiresAt } = record();
      const write = trial % 2 ? store.update("a", record()) : store.touch("a", { lastSeenAt, expiresAt });
      await Promise.all([write, store.destroy("a")]);
      expect(await store.read("a")).to.equal(null);
    }
  });

  it("waits two seconds for a call that hangs, about the same session only", async () => {
    const inner = new session.MemoryStore();
    const store = new ExpressSessionStore(inner);
    await store.create("a", record());
    await store.create("b", record());
    const hanging = sinon.stub(inner, "set").callsFake(() => {});
    void store.update("a", record());
    await new Promise((resolve) => setImmediate(setImmediate, resolve));
    expect(hanging.callCount).to.equal(1);
    hanging.restore();
    const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let isEnded = false;
    const ending = store.destroy("a").then((ended) => {
      isEnded = ended;
    });
    expect(await store.destroy("b")).to.equal(true);
    clock.tick(1_999);
    await new Promise((resolve) => setImmediate(setImmediate, resolve));
    expect(isEnded).to.equal(false);
    clock.tick(1);
    await ending;
    expect(isEnded).to.equal(true);
  });
});
