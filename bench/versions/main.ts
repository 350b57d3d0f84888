import { type Machine, machineOf } from "../harness/machine.js";
import type { Part } from "../harness/part.js";
import { PLACE_NAMES, type PlaceName } from "../harness/place.js";
import { type Amounts, amountsOf, type Figures } from "../harness/rounds.js";
import { spread, table, whole } from "../harness/table.js";
import { figuresAt } from "../request/main.js";
import { ways } from "../request/variants.js";

interface VersionsResults {
  machine: Machine;
  amounts: Amounts;
  versions: Array<{ node: string; place: PlaceName; figures: Figures[] }>;
}

const PLACES: readonly PlaceName[] = ["memory", "redis"];
const compared = ways.filter(({ name }) => /^(bare|byHand|passportSession|latchkey)$/.test(name));

/** Measures the cost of a guarded request on each Node of `--nodes`. */
export const versions: Part<VersionsResults> = {
  name: "versions",
  async run(running) {
    const amounts = amountsOf(running);
    const found: VersionsResults["versions"] = [];
    for (const node of running.nodes) {
      const { node: version } = await machineOf(node);
      for (const place of PLACES) {
        found.push({ node: version, place, figures: await figuresAt(place, compared, amounts, node) });
      }
    }
    const node = [...new Set(found.map((one) => one.node))].join(", ");
    return { machine: { ...(await machineOf(running.node)), node }, amounts, versions: found };
  },
  report(results) {
    return `Median of ${results.amounts.rounds} rounds of ${whole(results.amounts.requests)} requests, with the range of all rounds.\n\n${this.page!(results)}`;
  },
  page({ versions: found }) {
    const rows = found.map(({ node, place, figures }) => [
      node,
      PLACE_NAMES[place],
      `${figures[0]!.cpu.median.toFixed(0)} µs`,
      ...figures.slice(1).map(({ cpuRatio }) => spread(cpuRatio, 2)),
    ]);
    return table(["Node", "", ...compared.map(({ label }) => label)], rows);
  },
};
