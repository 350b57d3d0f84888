import { expect } from "chai";
import { MemoryStore, type SessionStore } from "latchkey";
import { MovingStore } from "latchkey/stores/moving";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { isInRealTime, storeCases } from "../support/store-cases.js";
import { isQuick } from "../support/tier.js";
import { WatchedStore } from "../support/watched-store.js";

const BEFORE = "before the move";
const OLD_CREATES = "while every record is created in the old store";
const IN_TURN = "while its calls go in turn to a process before the move and to one that moves";
/**
 * What holds only once all processes move: before, two processes that create one id at once may both fail, and of two
 * that change one session while it moves, both may succeed. docs/moving.md says so.
 */
const LIMITS = /concurrent (creates|updates|prunes)/;
/** What holds only for a record that is not moving: of two concurrent calls that end a moving one, both may count it. */
const COUNTS = /concurrent destroyByUser calls/;

/** How a store is used while records move from one store to the other. */
const STAGES: Record<string, (from: SessionStore, to: SessionStore) => SessionStore> = {
  [BEFORE]: (from, to) => new MovingStore({ from, to, moving: false }),
  "during the move": (from, to) => new MovingStore({ from, to }),
  [OLD_CREATES]: (from, to) => {
    const before = new MovingStore({ from, to, moving: false });
    return perCall((method) => (method === "create" ? before : new MovingStore({ from, to })));
  },
  [IN_TURN]: (from, to) => {
    const processes = [new MovingStore({ from, to, moving: false }), new MovingStore({ from, to })] as const;
    let calls = 0;
    return perCall(() => processes[calls++ % 2]!);
  },
};

const BACKENDS = isQuick ? ["memory"] : ["memory", "redis", "sql on better-sqlite3", "sql on pg"];

for (const { name, open } of await backendsHere(...BACKENDS)) {
  for (const [stage, make] of Object.entries(STAGES)) {
    if (stage === BEFORE && name !== "memory") continue;
    for (const isTarget of name === "memory" ? [true] : [true, false]) {
      describe(`a MovingStore ${isTarget ? `from memory to ${name}` : `from ${name} to memory`}, ${stage}`, () => {
        let opened: Opened;
        let store: SessionStore;
        before(async () => {
          opened = await open();
          const other = new MemoryStore();
          store = isTarget ? make(other, opened.store) : make(opened.store, other);
        });
        after(() => opened?.close());
        const failing = () => make(failingStore(), failingStore());
        for (const one of storeCases({ store: () => store, failing })) {
          if (stage === IN_TURN && LIMITS.test(one.name)) continue;
          if ((stage === IN_TURN || stage === OLD_CREATES) && COUNTS.test(one.name)) continue;
          // A database does not delete expired rows by itself, so there is nothing to wait for.
          if (name.startsWith("sql") && isInRealTime(one)) continue;
          it(one.name, one.run);
        }
      });
    }
  }
}

describe("a MovingStore", () => {
  it("rejects what is not a store, the same store twice, and another value for moving", () => {
    const store = new MemoryStore();
    const make = (options: object) => () => new MovingStore(options as never);
    expect(make({ from: {}, to: store })).to.throw("from: expected a SessionStore, but it has no create()");
    expect(make({ from: store })).to.throw("to: expected a SessionStore, but it has no create()");
    expect(make({ from: store, to: store })).to.throw(TypeError, "from and to must be two stores");
    expect(make({ from: store, to: new MemoryStore(), moving: 1 })).to.throw(TypeError, "moving must be true or false");
  });

  it("lacks what one of its stores lacks", () => {
    const lacking = Object.assign(new MemoryStore(), { lacks: ["listByUser"] as const });
    expect(new MovingStore({ from: lacking, to: new MemoryStore() }).lacks).to.eql(["listByUser"]);
    expect(new MovingStore({ from: new MemoryStore(), to: lacking }).lacks).to.eql(["listByUser"]);
  });
});

describe("a logout during a move, if one of the stores fails", () => {
  for (const moving of [true, false]) {
    for (const place of ["from", "to"] as const) {
      for (let failing = 1; failing <= 4; failing++) {
        it(`hides no login that comes back later: a session in ${place}, moving ${moving}, call ${failing} fails`, async () => {
          const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
          try {
            const stores = { from: new WatchedStore(), to: new WatchedStore() };
            const store = new MovingStore({ ...stores, moving });
            const now = Date.now();
            const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 3_600_000 };
            await stores[place].create("one", { kind: "session", userId: "1", data: {}, ...times, revision: 0 });
            let calls = 0;
            for (const one of [stores.from, stores.to])
              one.before = async () => {
                if (++calls === failing) throw new Error("the backend is down");
              };
            await store.destroy("one").then(
              () => expect.fail("destroy resolved"),
              (error: Error) => expect(error.message).to.equal("the backend is down"),
            );
            const isThere = (await store.read("one")) !== null;
            clock.tick(700_000);
            if (!isThere) expect(await store.read("one")).to.equal(null);
            await store.destroy("one");
            clock.tick(700_000);
            expect(await store.read("one")).to.equal(null);
          } finally {
            clock.restore();
          }
        });
      }
    }
  }
});

/** A store that chooses for each call another store that makes the call. */
function perCall(choose: (method: keyof SessionStore) => SessionStore): SessionStore {
  const call =
    (method: Exclude<keyof SessionStore, "lacks">) =>
    (...values: unknown[]) =>
      (choose(method)[method] as (...values: unknown[]) => Promise<never>)(...values);
  return {
    create: call("create"),
    read: call("read"),
    update: call("update"),
    touch: call("touch"),
    destroy: call("destroy"),
    listByUser: call("listByUser"),
    destroyByUser: call("destroyByUser"),
    prune: call("prune"),
  };
}

function failingStore(): SessionStore {
  const fail = async () => {
    throw new Error("the backend is down");
  };
  return {
    create: fail,
    read: fail,
    update: fail,
    touch: fail,
    destroy: fail,
    listByUser: fail,
    destroyByUser: fail,
    prune: fail,
  };
}
