import { barChart } from "../harness/bars.js";
import { type Machine, machineOf } from "../harness/machine.js";
import { MeasuredServer } from "../harness/measured-server.js";
import type { Part, Running } from "../harness/part.js";
import { openPlace, PLACE_NAMES, type PlaceName } from "../harness/place.js";
import { type Spread, spreadOf } from "../harness/rounds.js";
import { spread, table, whole } from "../harness/table.js";
import { ways } from "../request/variants.js";

interface Tail {
  place: PlaceName;
  connections: number;
  name: string;
  isOurs: boolean;
  /** How long a guarded request takes, in milliseconds. */
  mean: Spread;
  p99: Spread;
  p999: Spread;
}

interface TailResults {
  machine: Machine;
  amounts: { warmUp: number; rounds: number; requests: number };
  tails: Tail[];
}

const AMOUNTS: Record<Running["size"], TailResults["amounts"]> = {
  full: { warmUp: 10_000, rounds: 5, requests: 5000 },
  quick: { warmUp: 4000, rounds: 3, requests: 3000 },
  smoke: { warmUp: 200, rounds: 1, requests: 400 },
};
const PLACES: readonly PlaceName[] = ["memory", "redis"];
const CONNECTIONS = [50, 200];
const compared = ways.filter(({ name }) => /^(bare|byHand|passportSession|passportMaxAge|latchkey)$/.test(name));

/** Measures how long guarded requests take over many connections: the mean and the slowest ones. */
export const tail: Part<TailResults> = {
  name: "tail",
  async run({ size, node, place: only }) {
    const amounts = AMOUNTS[size];
    const tails: Tail[] = [];
    for (const place of PLACES.filter((one) => !only || one === only)) {
      for (const connections of CONNECTIONS) tails.push(...(await tailsAt(place, connections, amounts, node)));
    }
    return { machine: await machineOf(node), amounts, tails };
  },
  report({ amounts, tails }) {
    const rows = tails.map(({ place, connections, name, mean, p99, p999 }) => [
      PLACE_NAMES[place],
      connections,
      name,
      ...[mean, p99, p999].map((one) => spread(one, 1)),
    ]);
    return `Milliseconds per request: median of ${amounts.rounds} rounds of ${whole(amounts.requests)} requests, with the range of all rounds.

${table(["", "connections", "", "mean", "p99", "p99.9"], rows)}`;
  },
  draw({ tails }) {
    const groups = PLACES.flatMap((place) =>
      CONNECTIONS.map((connections) => ({
        heading: `${PLACE_NAMES[place]}, ${connections} connections`,
        bars: tails
          .filter((one) => one.place === place && one.connections === connections)
          .map(({ name, isOurs, p99 }) => ({ label: name, value: p99.median, range: p99.range, isOurs })),
      })),
    ).filter(({ bars }) => bars.length > 0);
    return barChart("Of 100 guarded requests, 99 are faster; shorter is better. The line is the range.", groups, " ms");
  },
};

async function tailsAt(
  name: PlaceName,
  connections: number,
  { warmUp, rounds, requests }: TailResults["amounts"],
  node: string,
): Promise<Tail[]> {
  const place = await openPlace(name);
  const servers: MeasuredServer[] = [];
  try {
    for (const way of compared) {
      const server = await MeasuredServer.start(way, place, { node, clients: connections });
      servers.push(server);
      await server.logIn();
      await server.run("GET /me", warmUp);
    }
    const runs = servers.map((): Float64Array[] => []);
    for (let round = 0; round < rounds; round++) {
      const order = servers.map((_, i) => (i + round) % servers.length);
      for (const i of order) runs[i]!.push((await servers[i]!.run("GET /me", requests)).times);
    }
    console.error(`  tail: ${connections} connections, ${name}`);
    return compared.map(({ label, isOurs = false }, i) => {
      const of = (value: (times: Float64Array) => number) => spreadOf(runs[i]!.map(value));
      return {
        place: name,
        connections,
        name: label,
        isOurs,
        mean: of((times) => times.reduce((sum, one) => sum + one, 0) / times.length),
        p99: of((times) => times[Math.floor(times.length * 0.99)]!),
        p999: of((times) => times[Math.floor(times.length * 0.999)]!),
      };
    });
  } finally {
    for (const server of servers) await server.stop();
    await place.close();
  }
}
