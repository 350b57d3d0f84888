import { expect } from "chai";
import { MemoryStore } from "express-session";
import type { SessionStore } from "latchkey";
import { ExpressSessionStore } from "latchkey/stores/express-session";
import { type StoreConformanceOptions, storeConformance } from "latchkey/testing";
import { mistakenEnding } from "./support/mistakes/ending.js";
import { mistakenKeeping } from "./support/mistakes/keeping.js";
import { mistakenWriting } from "./support/mistakes/writing.js";
import { PlainStore } from "./support/plain-store.js";

/** The names of the cases that a store does not pass. */
async function failures(store: SessionStore, options: Omit<StoreConformanceOptions, "store"> = {}): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of storeConformance({ store: () => store, ...options }))
    await run().catch(() => failed.push(name));
  return failed;
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
      const failed = await failures(PlainStore.with(change));
      expect(failed.map((name) => foundBy.find((start) => name.startsWith(start)) ?? name)).to.eql(foundBy);
    });
  }

  it("leaves out what a store is said to lack, and finds it lacking otherwise", async () => {
    const wrapped = new ExpressSessionStore(new MemoryStore());
    expect(await failures(wrapped, { lacks: ["atomicity", "users"] })).to.eql([]);
    expect(await failures(wrapped, { lacks: ["users"] })).to.eql([
      "of 20 concurrent creates of an id one succeeds",
      "of 20 concurrent creates of an id whose record is over one succeeds",
      "of 20 concurrent destroys of a session one is told that it ended it",
      "no update or touch brings a session back, in 100 races with destroy",
      "concurrent touches leave the latest instants",
    ]);
    expect(await failures(new PlainStore(), { lacks: ["users"] })).to.eql([
      "says by UnsupportedByStoreError that it keeps no index of users",
    ]);
  });
});
