import { expect } from "chai";
import { MemoryStore } from "express-session";
import type { SessionStore } from "latchkey";
import { ExpressSessionStore } from "latchkey/stores/express-session";
import { type StoreCase, type StoreConformanceOptions, storeConformance } from "latchkey/testing";
import { mistakenEnding } from "../support/mistakes/ending.js";
import { mistakenExpiring } from "../support/mistakes/expiring.js";
import { mistakenFailing } from "../support/mistakes/failing.js";
import { mistakenKeeping } from "../support/mistakes/keeping.js";
import { mistakenListing } from "../support/mistakes/listing.js";
import type { Mistake } from "../support/mistakes/mistake.js";
import { mistakenPaging } from "../support/mistakes/paging.js";
import { mistakenWriting } from "../support/mistakes/writing.js";
import { type PlainBackend, PlainStore } from "../support/plain-store.js";
import { isInRealTime } from "../support/store-cases.js";

const mistakes: Record<string, Mistake> = {
  ...mistakenWriting,
  ...mistakenEnding,
  ...mistakenListing,
  ...mistakenPaging,
  ...mistakenKeeping,
  ...mistakenExpiring,
  ...mistakenFailing,
};

/** The names of the cases that fail. */
async function failed(cases: StoreCase[]): Promise<string[]> {
  const names: string[] = [];
  for (const { name, run } of cases) await run().catch(() => names.push(name));
  return names;
}

const failures = (store: SessionStore, options: Omit<StoreConformanceOptions, "store"> = {}) =>
  failed(storeConformance({ store: () => store, ...options }));

/** The cases for a store with a mistake. The case of a failing backend gets a second store with the same mistake. */
function casesOf([change, , lacks]: Mistake): StoreCase[] {
  const store = PlainStore.with(change);
  const failing = () => PlainStore.with(change, unreachable());
  return storeConformance({ store: () => store, failing, lacks });
}

function unreachable(): PlainBackend {
  return new Proxy(new Map(), {
    get() {
      throw new Error("the backend cannot be reached");
    },
  });
}

/** The failures of several stores. The case in real time waits, so it runs for all stores at once. */
async function failuresOfAll(...stores: StoreCase[][]): Promise<string[][]> {
  const waiting = await Promise.all(stores.map((cases) => failed(cases.filter(isInRealTime))));
  const all: string[][] = [];
  for (const [i, cases] of stores.entries())
    all.push([...(await failed(cases.filter((one) => !isInRealTime(one)))), ...waiting[i]!]);
  return all;
}

/** The failures of the case in real time, by mistake. That case waits, so it runs for all mistakes at once. */
function failuresInRealTime(): Promise<Map<string, string[]>> {
  running ??= Promise.all(
    Object.entries(mistakes).map(async ([name, mistake]): Promise<[string, string[]]> => {
      return [name, await failed(casesOf(mistake).filter(isInRealTime))];
    }),
  ).then((entries) => new Map(entries));
  return running;
}
let running: Promise<Map<string, string[]>> | undefined;

describe("storeConformance", () => {
  before(failuresInRealTime);

  it("passes for a store that follows the contract", async () => {
    expect(await failures(new PlainStore(), { failing: () => new PlainStore(unreachable()) })).to.eql([]);
  });

  for (const [name, mistake] of Object.entries(mistakes)) {
    it(`detects this mistake: ${name}`, async () => {
      const names = await failed(casesOf(mistake).filter((one) => !isInRealTime(one)));
      names.push(...(await failuresInRealTime()).get(name)!);
      const [, foundBy] = mistake;
      expect(names.map((found) => foundBy.find((start) => found.startsWith(start)) ?? found)).to.have.members(foundBy);
    });
  }

  it("has only cases that detect at least one of the mistakes", () => {
    const all = [undefined, ["listByUser"] as const].flatMap((lacks) =>
      casesOf([() => ({}), [], lacks ? [...lacks] : []]),
    );
    const names = [...new Set(all.map(({ name }) => name))];
    const found = Object.values(mistakes).flatMap(([, foundBy]) => foundBy);
    expect(names.filter((name) => !found.some((start) => name.startsWith(start)))).to.eql([]);
    for (const start of found)
      expect(
        names.filter((name) => name.startsWith(start)),
        start,
      ).to.have.length(1);
  });

  it("skips the cases that need a feature in the lacks option, and fails if the option does not match the store", async () => {
    /** A store that makes each call with a new store, as several processes would. */
    const wrapped = () => {
      const inner = new MemoryStore();
      return new Proxy(new ExpressSessionStore(inner), {
        get: (_, method) => {
          const store = new ExpressSessionStore(inner);
          const value = Reflect.get(store, method) as unknown;
          return typeof value === "function" ? value.bind(store) : value;
        },
      });
    };
    const [right, less, wrong] = [wrapped(), wrapped(), new PlainStore()];
    const [ofRight, ofLess, ofWrong] = await failuresOfAll(
      storeConformance({ store: () => right, lacks: ["compareAndSet", "listByUser"] }),
      storeConformance({ store: () => less, lacks: ["listByUser"] }),
      storeConformance({ store: () => wrong, lacks: ["listByUser"] }),
    );
    expect(ofRight).to.eql([]);
    expect(ofLess).to.eql([
      "lists exactly the expected features in lacks",
      "exactly one of 20 concurrent creates of a free id succeeds",
      "exactly one of 20 concurrent creates of the id of an expired record succeeds",
      "exactly one of 20 concurrent destroys of a record returns it",
      "destroy returns the record with every update that succeeded, in 100 races",
      "no update or touch brings a record back, in 100 races with destroy",
      "exactly one of several concurrent updates of a revision succeeds, and is stored completely",
      "no change is lost if each update uses the record that was read",
      "after concurrent touches a record has the latest times",
    ]);
    expect(ofWrong).to.eql([
      "lists exactly the expected features in lacks",
      "listByUser and destroyByUser reject with UnsupportedByStoreError",
    ]);
  });
});
