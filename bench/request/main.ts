import { barChart } from "../harness/bars.js";
import { type Machine, machineOf, PEERS } from "../harness/machine.js";
import { MeasuredServer } from "../harness/measured-server.js";
import type { Part } from "../harness/part.js";
import { openPlace, PLACE_NAMES, type PlaceName, placesOf } from "../harness/place.js";
import { type Amounts, amountsOf, type Contender, type Figures, takeTurns } from "../harness/rounds.js";
import { spread, table, whole } from "../harness/table.js";
import { type Way, ways } from "./variants.js";

/** The cost of a guarded request with each kind of storage. */
interface RequestResults {
  machine: Machine;
  amounts: Amounts;
  places: Array<{ place: PlaceName; figures: Figures[] }>;
}

/** The places of a quick run. All places take five minutes. */
const QUICK_PLACES: readonly PlaceName[] = ["memory", "redis"];

export const request: Part<RequestResults> = {
  name: "request",
  async run(running) {
    const { node, place: only, size } = running;
    const amounts = amountsOf(running);
    const places: RequestResults["places"] = [];
    const measured = size === "quick" && !only ? QUICK_PLACES : placesOf(only);
    for (const place of measured) {
      const measuredHere = ways.filter(({ places }) => places.includes(place));
      places.push({ place, figures: await figuresAt(place, measuredHere, amounts, node) });
    }
    return { machine: await machineOf(node, PEERS), amounts, places };
  },
  report({ amounts, places }) {
    const head = ["", "CPU per request, µs", "minimum", "× Express alone", "over by hand, × Express alone"];
    head.push("requests per second", "× Express alone");
    const tables = places.map(({ place, figures }) => {
      const rows = figures.map(({ name, cpu, cpuRatio, overHand, rate, rateRatio }) => [
        name,
        cpu.median.toFixed(0),
        cpu.range[0].toFixed(0),
        spread(cpuRatio, 2),
        overHand ? spread(overHand, 2) : "",
        whole(rate.median),
        spread(rateRatio, 2),
      ]);
      return `### ${PLACE_NAMES[place]}\n\n${table(head, rows)}`;
    });
    return `Median of ${amounts.rounds} rounds of ${whole(amounts.requests)} requests, with the range of all rounds.\n\n${tables.join("\n\n")}`;
  },
  page({ amounts, places }) {
    const shown = places.filter(({ place }) => place === "memory" || place === "redis");
    const tables = shown.map(({ place, figures }) => {
      const rows = figures
        .filter(({ name }) => !/^(r-c|routing|iron|Auth)/.test(name))
        .map((one) => [one.name, one.cpu.median.toFixed(0), spread(one.cpuRatio, 2), spread(one.overHand!, 2)]);
      const head = [PLACE_NAMES[place], "CPU time, µs", "× Express alone", "more than by hand, × Express alone"];
      return table(head, rows);
    });
    return `Median of ${amounts.rounds} rounds, with the range of all rounds.\n\n${tables.join("\n\n")}`;
  },
  draw({ places }) {
    const ours = new Set(ways.filter(({ isOurs }) => isOurs).map(({ label }) => label));
    const groups = places.map(({ place, figures }) => ({
      heading: PLACE_NAMES[place],
      bars: figures.map(({ name, cpuRatio }) => ({
        label: name,
        value: cpuRatio.median,
        range: cpuRatio.range,
        isOurs: ours.has(name),
      })),
    }));
    return barChart(
      "CPU time of a guarded request, × Express alone; shorter is better. The line is the range of all rounds.",
      groups,
      "×",
    );
  },
};

/** Measures variants in one place, in turns. */
export async function figuresAt(
  name: PlaceName,
  measured: readonly Way[],
  amounts: Amounts,
  node: string,
): Promise<Figures[]> {
  const place = await openPlace(name);
  const contenders: Contender[] = [];
  try {
    for (const way of measured) {
      const server = await MeasuredServer.start(way, place, { node });
      contenders.push({ name: way.label, server, line: "GET /me" });
      await server.logIn();
      console.error(`  request: ${way.label} on ${name}`);
    }
    return await takeTurns(contenders, amounts);
  } finally {
    for (const { server } of contenders) await server.stop();
    await place.close();
  }
}
