import { expect } from "chai";
import { MemoryStore } from "express-session";
import type { RememberTokenStore, SessionStore } from "latchkey";
import { ExpressSessionStore } from "latchkey/stores/express-session";
import {
  rememberTokenConformance,
  type StoreCase,
  type StoreConformanceOptions,
  storeConformance,
} from "latchkey/testing";
import { mistakenEnding } from "../support/mistakes/ending.js";
import { mistakenKeeping } from "../support/mistakes/keeping.js";
import { mistakenRemembering } from "../support/mistakes/remembering.js";
import { mistakenRotating } from "../support/mistakes/rotating.js";
import { mistakenWriting } from "../support/mistakes/writing.js";
import { PlainRememberTokens, PlainStore } from "../support/plain-store.js";

/** The names of the cases that are not passed. */
async function failed(cases: StoreCase[]): Promise<string[]> {
  const names: string[] = [];
  for (const { name, run } of cases) await run().catch(() => names.push(name));
  return names;
}

const failures = (store: SessionStore, options: Omit<StoreConformanceOptions, "store"> = {}) =>
  failed(storeConformance({ store: () => store, ...options }));
const tokenFailures = (store: RememberTokenStore) => failed(rememberTokenConformance({ store: () => store }));

/** Each by the beginning that it was expected by, if it was. */
function expectFound(names: string[], foundBy: string[]): void {
  const found = names.map((name) => foundBy.find((start) => name.startsWith(start)) ?? name);
  expect(found).to.have.members(foundBy);
}

describe("storeConformance", () => {
  it("is passed by a store that keeps the contract", async () => {
    expect(await failures(new PlainStore())).to.eql([]);
  });

  for (const [mistake, [change, foundBy]] of Object.entries({
    ...mistakenWriting,
    ...mistakenEnding,
    ...mistakenKeeping,
  })) {
    it(`finds that ${mistake}`, async () => {
      expectFound(await failures(PlainStore.with(change)), foundBy);
    });
  }

  it("leaves out what a store is said to lack, and finds it lacking otherwise", async () => {
    const inner = new MemoryStore();
    /** As of several processes, where each call is made by another. */
    const wrapped = new Proxy(new ExpressSessionStore(inner), {
      get: (_, verb) => {
        const store = new ExpressSessionStore(inner);
        const value = Reflect.get(store, verb) as unknown;
        return typeof value === "function" ? value.bind(store) : value;
      },
    });
    expect(await failures(wrapped, { lacks: ["atomicity", "users"] })).to.eql([]);
    expect(await failures(wrapped, { lacks: ["users"] })).to.eql([
      "of 20 concurrent creates of an id one succeeds",
      "of 20 concurrent creates of an id whose record is over one succeeds",
      "of 20 concurrent destroys of a record one is told that it ended it",
      "no update or touch brings a session back, in 100 races with destroy",
      "of concurrent updates of a revision one succeeds, whole",
      "none of many changes is lost when each is made to what was read",
      "concurrent touches leave the latest instants",
    ]);
    expect(await failures(new PlainStore(), { lacks: ["users"] })).to.eql([
      "says by UnsupportedByStoreError that it keeps no index of users",
    ]);
  });
});

describe("rememberTokenConformance", () => {
  it("is passed by a store that keeps the contract", async () => {
    expect(await tokenFailures(new PlainRememberTokens())).to.eql([]);
  });

  for (const [mistake, [change, foundBy]] of Object.entries({ ...mistakenRotating, ...mistakenRemembering })) {
    it(`finds that ${mistake}`, async () => {
      expectFound(await tokenFailures(PlainRememberTokens.with(change)), foundBy);
    });
  }
});
