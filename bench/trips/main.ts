import { type Machine, machineOf } from "../harness/machine.js";
import { MeasuredServer } from "../harness/measured-server.js";
import type { Part } from "../harness/part.js";
import { openPlace, PLACE_NAMES, type PlaceName, placesOf } from "../harness/place.js";
import { type Amounts, amountsOf, type Contender, type Figures, takeTurns } from "../harness/rounds.js";
import { spread, table } from "../harness/table.js";
import { type Way, ways } from "../request/variants.js";
import { commandsOf, resetCommands } from "./redis-commands.js";

/** The number of commands, statements and calls per request, by name. */
type PerRequest = Record<string, number>;

interface Trips {
  name: string;
  place: PlaceName;
  guarded: PerRequest;
  /** A request with a logged-in user's cookie to a route that does not need the user. */
  public: PerRequest;
}

interface TripsResults {
  machine: Machine;
  trips: Trips[];
  amounts: Amounts;
  publicCpu: Array<{ place: PlaceName; figures: Figures[] }>;
}

const REQUESTS = { full: 200, quick: 200, smoke: 20 };
const compared = ways.filter(({ on, name }) => on === "express" && !["byHand", "passportMaxAge"].includes(name));

/** Measures round trips, writes and user loads per request, and the CPU time of a public request. */
export const trips: Part<TripsResults> = {
  name: "trips",
  async run(running) {
    const { node, place: only, size } = running;
    const counted: Trips[] = [];
    const places = placesOf(only);
    for (const place of places) counted.push(...(await tripsAt(place, node, REQUESTS[size])));
    const amounts = amountsOf(running);
    const publicCpu: TripsResults["publicCpu"] = [];
    for (const place of places.filter((one) => one === "memory" || one === "redis")) {
      publicCpu.push({ place, figures: await publicAt(place, amounts, node) });
    }
    return { machine: await machineOf(node), trips: counted, amounts, publicCpu };
  },
  report({ trips: counted, publicCpu }) {
    const rows = counted.map((one) => [PLACE_NAMES[one.place], one.name, listed(one.guarded), listed(one.public)]);
    const cpu = publicCpu.flatMap(({ place, figures }) =>
      figures.map((one) => [
        PLACE_NAMES[place],
        one.name,
        one.cpu.median.toFixed(0),
        one.cpu.range[0].toFixed(0),
        spread(one.cpuRatio, 2),
      ]),
    );
    return `${table(["", "", "guarded request", "public request with the cookie"], rows)}

CPU time of a public request with a logged-in user's cookie:

${table(["", "", "CPU per request, µs", "minimum", "× Express alone"], cpu)}`;
  },
};

async function tripsAt(name: PlaceName, node: string, requests: number): Promise<Trips[]> {
  const place = await openPlace(name);
  const counted: Trips[] = [];
  try {
    for (const way of compared.filter((one) => one.name !== "bare" && one.places.includes(name))) {
      const server = await MeasuredServer.start(way, place, { node, counting: true });
      await server.logIn();
      const countOf = async (line: string) => {
        await server.run(line, requests); // opens the connections
        if (name === "redis") await resetCommands(place.url);
        const before = (await server.told()).counts;
        await server.run(line, requests);
        const { counts } = await server.told();
        return perRequest(before, { ...counts, ...(name === "redis" ? await commandsOf(place.url) : {}) }, requests);
      };
      counted.push({
        name: way.label,
        place: name,
        guarded: await countOf("GET /me"),
        public: await countOf("GET /public"),
      });
      await server.stop();
      console.error(`  trips: ${way.label} on ${name}`);
    }
  } finally {
    await place.close();
  }
  return counted;
}

async function publicAt(name: PlaceName, amounts: Amounts, node: string): Promise<Figures[]> {
  const place = await openPlace(name);
  const contenders: Contender[] = [];
  const begin = async (way: Way) => {
    const server = await MeasuredServer.start(way, place, { node });
    contenders.push({ name: way.label, server, line: "GET /public" });
    await server.logIn();
  };
  try {
    for (const way of compared) await begin(way);
    return await takeTurns(contenders, amounts);
  } finally {
    for (const { server } of contenders) await server.stop();
    await place.close();
  }
}

function perRequest(before: PerRequest, after: PerRequest, requests: number): PerRequest {
  const each = Object.entries(after).map(([what, times]) => [what, (times - (before[what] ?? 0)) / requests] as const);
  return Object.fromEntries(each.filter(([, times]) => times > 0));
}

function listed(counts: PerRequest): string {
  const order = (what: string) => ["user", "stor", "toke", "Redi", "SQL "].indexOf(what.slice(0, 4));
  const sorted = Object.entries(counts).sort(([a], [b]) => order(a) - order(b));
  return sorted.map(([what, times]) => `${what} ${Number(times.toFixed(2))}`).join(", ") || "nothing";
}
