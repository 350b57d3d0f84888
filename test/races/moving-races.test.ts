import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { isLatchkeyError, type SessionRecord, type SessionStore } from "latchkey";
import { MovingStore } from "latchkey/stores/moving";
import { backendsHere, type Opened } from "../support/backends.js";
import { Gate } from "../support/barrier.js";
import { isQuick } from "../support/tier.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

/** What a process does with one session. */
type Act = (store: SessionStore, id: string, userId: string) => Promise<unknown>;

const uses: Record<string, Act> = {
  "reads it": (store, id) => store.read(id),
  "updates it": (store, id) => update(store, id, "first"),
  "touches it": async (store, id) => store.touch(id, { lastSeenAt: Date.now(), expiresAt: Date.now() + 7_200_000 }),
};

const ends: Record<string, Act> = {
  "logs out": async (store, id) => expect(await store.destroy(id)).to.include({ kind: "session" }),
  "ends all logins of the user": async (store, _, userId) => {
    let ended = 0;
    for (let more = true; more; ) {
      const step = await store.destroyByUser(userId, { kind: "session", limit: 10 });
      ended += step.ended;
      more = step.more;
    }
    expect(ended).to.equal(1);
  },
  "updates it and logs out": async (store, id) => {
    await update(store, id, "last");
    expect(await store.destroy(id)).to.deep.include({ data: { by: "last" } });
  },
};

/** The second logout finds no session, so it reserves the id: see `endForGood` in src/remember/browser-record.ts. */
const twice: Record<string, Act> = {
  "logs out twice": async (store, id) => {
    await store.destroy(id);
    await store.create(id, { ...newRecord(null), kind: "ended", data: {} });
  },
};

/** What a process is doing with the records: it moves them, or it does not yet, or not any more. */
type Stage = "moves" | "before the move" | "on the way back";

/** The stages of the first process and of the second. */
const STAGES: ReadonlyArray<[Stage, Stage]> = [
  ["moves", "moves"],
  ["moves", "before the move"],
  ["before the move", "moves"],
  ["moves", "on the way back"],
  ["on the way back", "moves"],
];

/** At most so many calls to a store are in one act. */
const MOST_CALLS = 12;

const pairs = isQuick
  ? [["memory", "memory"]]
  : [
      ["memory", "memory"],
      ["redis", "sql on pg"],
      ["sql on pg", "redis"],
      ["sql on better-sqlite3", "redis"],
    ];

for (const [before, after] of pairs as Array<[string, string]>) {
  const [from] = await backendsHere(before);
  const [to] = await backendsHere(after);
  if (!from || !to) continue;
  describe(`moving sessions from ${before} to ${after}, while another process ends or changes them`, () => {
    let stores: [Opened, Opened];
    beforeEach(async () => {
      stores = [await from.open(), await to.open()];
    });
    afterEach(() => Promise.all(stores?.map((store) => store.close()) ?? []));

    const least = trials(10_000, before === "memory" ? 1_000 : 200, 100);
    const at = (stage: Stage, pause?: Pause) => {
      const [inFrom, inTo] = stores.map(({ store }) => paused(store, pause)) as [SessionStore, SessionStore];
      return stage === "on the way back"
        ? new MovingStore({ from: inTo, to: inFrom, moving: false })
        : new MovingStore({ from: inFrom, to: inTo, moving: stage === "moves" });
    };

    /**
     * Runs the trial with every pair of acts, stages and pauses, again and again. Returns the cases in which it failed,
     * and the number of trials.
     *
     * @param isAtOnce must the trial succeed before each further call of the first process too?
     */
    async function failures(
      [firsts, seconds]: [Record<string, Act>, Record<string, Act>],
      trial: (id: string, userId: string, stores: [SessionStore, SessionStore]) => Promise<boolean>,
      isAtOnce = false,
    ): Promise<[failed: string[], count: number]> {
      const failed: string[] = [];
      let count = 0;
      while (count < least) {
        for (const [doing, first] of Object.entries(firsts)) {
          for (const [then, second] of Object.entries(seconds)) {
            for (const stage of STAGES) {
              for (let call = 1; call <= MOST_CALLS; call++) {
                const [id, userId] = [randomUUID(), randomUUID()];
                await stores[0].store.create(id, newRecord(userId));
                const pause = new Pause(call);
                const going = first(at(stage[0], pause), id, userId).catch(unlessGone);
                await Promise.race([pause.gate.arrived(), going]);
                const { isReached } = pause;
                await second(at(stage[1]), id, userId);
                const holds = () => trial(id, userId, [at(stage[0]), at(stage[1])]);
                const kept: boolean[] = [];
                if (isAtOnce) pause.later = async () => void kept.push(await holds());
                pause.gate.open();
                await going;
                if (!isReached) break;
                count++;
                if ((await holds()) && !kept.includes(false)) continue;
                failed.push(`${doing} (stops before call ${call}), then ${then}: ${stage.join()}`);
              }
            }
          }
        }
      }
      return [failed, count];
    }

    const isOver = async (id: string, userId: string, processes: SessionStore[]) => {
      for (const store of [...processes, ...stores.map((one) => one.store)]) {
        if ((await store.read(id))?.kind === "session") return false;
        if ((await store.listByUser(userId, { kind: "session", limit: 10 })).records.length > 0) return false;
      }
      return true;
    };

    it("revives no session that ended while it was being moved", async () => {
      const [failed, count] = await failures([uses, ends], isOver, true);
      expect(failed).to.eql([]);
      expect(count).to.be.at.least(least);
    });

    it("revives no session whose id was reserved while it was being moved, and keeps the id reserved", async () => {
      const [failed, count] = await failures([uses, twice], async (id, userId, processes) => {
        for (const store of processes) if ((await store.read(id))?.kind !== "ended") return false;
        return isOver(id, userId, processes);
      });
      expect(failed).to.eql([]);
      expect(count).to.be.at.least(least);
    });

    it("revives no session that was moved while it was being ended", async () => {
      const quickly: Record<string, Act> = { "reads it": (store, id) => store.read(id) };
      const [failed] = await failures([ends, quickly], isOver);
      expect(failed).to.eql([]);
    });

    it("loses no update and no session that another process changes while it is being moved", async () => {
      const reads = { "reads it": uses["reads it"]!, "touches it": uses["touches it"]! };
      const changes: Record<string, Act> = { "updates it": (store, id) => update(store, id, "second") };
      const [failed] = await failures([reads, changes], async (id, _, processes) => {
        for (const store of processes) if ((await store.read(id))?.data.by !== "second") return false;
        return true;
      });
      expect(failed).to.eql([]);
    });

    it("revives no session that a process with only the old store ends while it is being moved", async () => {
      const ended = new Set<string>();
      const old: Act = async (_, id) => void ((await stores[0].store.destroy(id)) && ended.add(id));
      const [failed] = await failures(
        [{ "reads it": uses["reads it"]! }, { "logs out": old }],
        async (id, ...others) => (ended.has(id) ? isOver(id, ...others) : true),
      );
      expect(failed).to.eql([]);
      expect(ended.size).to.be.greaterThan(0);
    });
  });
}

/** Stops a process before one of its calls to its stores. */
class Pause {
  readonly gate = new Gate();
  isReached = false;
  /** Runs before each call after the pause. */
  later: () => Promise<void> = async () => {};
  #calls = 0;

  constructor(readonly call: number) {}

  async pass(): Promise<void> {
    if (++this.#calls > this.call) return this.later();
    if (this.#calls < this.call) return;
    this.isReached = true;
    await this.gate.pass();
  }
}

function paused(inner: SessionStore, pause: Pause | undefined): SessionStore {
  const store = new WatchedStore(inner);
  if (pause) store.before = () => pause.pass();
  return store;
}

async function update(store: SessionStore, id: string, by: string): Promise<void> {
  for (let record = await store.read(id); record; record = await store.read(id)) {
    if (await store.update(id, { ...record, data: { by } })) return;
  }
}

function newRecord(userId: string | null): SessionRecord {
  const now = Date.now();
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 3_600_000 };
  return { kind: "session", userId, data: { by: "nobody" }, ...times, revision: 0 };
}

function unlessGone(error: unknown): void {
  if (!isLatchkeyError(error, "session_exists")) throw error;
}
