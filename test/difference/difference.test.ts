import { rm } from "node:fs/promises";
import { expect } from "chai";
import { isQuick, leaveToTestAll } from "../support/tier.js";
import { casesOf, chosen } from "./choice.js";
import { folderOfFiles } from "./folder.js";
import { knownDifferences } from "./known-differences.js";
import { Program } from "./program-process.js";
import { CIRCUMSTANCES, type Spec } from "./spec.js";
import { Trial } from "./trial.js";
import { kinds, ways } from "./ways/index.js";

describe("an application with latchkey, and the same application without it", () => {
  if (isQuick) leaveToTestAll("half of the cases that are compared with and without latchkey");
  const folder = folderOfFiles();
  const without = new Program("without latchkey", folder);
  const trial = new Trial(without, new Program("with latchkey", folder));

  after(async () => {
    await Promise.all([trial.without.stop(), trial.own.stop()]);
    await rm(folder, { recursive: true });
  });

  const names = [...ways.keys()];
  const cases = new Map(names.map((way, index) => [way, casesOf(way, index)]));

  it("are compared in at least 60 ways to respond, with every pair of circumstances", () => {
    expect(names.length).to.be.at.least(60);
    expect(missingPairs([...cases.values()].flat())).to.eql([]);
  });

  for (const [kind, table] of Object.entries(kinds)) {
    it(`have only known differences for ${kind}`, async () => {
      const run = Object.keys(table).flatMap((way) => chosen(cases.get(way)!, names.indexOf(way)));
      expectNone(await trial.run(run));
    });
  }

  const major = Number.parseInt(process.versions.node, 10);
  for (const { what, example, until = Number.POSITIVE_INFINITY } of knownDifferences) {
    it(`have this known difference: ${what}`, async () => {
      await trial.run([example]);
      if (major < until) expect(trial.occurred.has(what), "occurred").to.equal(true);
    });
  }

  it("differ by chance in fewer than 1 of 100 cases", () => {
    expect(trial.unsteady.length, trial.unsteady.join("\n")).to.be.below(trial.cases / 100);
  });

  it("have only known differences if a library inserts a prototype below express.response", async () => {
    const between = new Trial(
      new Program("without latchkey", folder, true),
      new Program("with latchkey", folder, true),
    );
    try {
      const tables = [kinds["a complete response"], kinds["a head before the body"], kinds["a stream"]];
      const some = tables.flatMap((table) => Object.keys(table!)).flatMap((way) => cases.get(way)!.slice(1, 3));
      expectNone(await between.run(some));
    } finally {
      await Promise.all([between.without.stop(), between.own.stop()]);
    }
  });
});

function expectNone(unexplained: string[]): void {
  const shown = unexplained.slice(0, 20).join("\n\n");
  expect(unexplained, `${unexplained.length} cases differ:\n${shown}\n`).to.have.length(0);
}

/** Returns the pairs of values that no case contains. Saves of an untouched session are left out: there are none. */
function missingPairs(specs: readonly Spec[]): string[] {
  const dimensions = Object.entries(CIRCUMSTANCES) as Array<[keyof typeof CIRCUMSTANCES, readonly string[]]>;
  const met = new Set(
    specs.flatMap((spec) => dimensions.flatMap(([a]) => dimensions.map(([b]) => `${a} ${spec[a]}, ${b} ${spec[b]}`))),
  );
  return dimensions
    .flatMap(([a, left], index) =>
      dimensions
        .slice(index + 1)
        .flatMap(([b, right]) => left.flatMap((one) => right.map((other) => `${a} ${one}, ${b} ${other}`))),
    )
    .filter((pair) => !met.has(pair) && !/^session untouched, save (slow|failing)$/.test(pair));
}
