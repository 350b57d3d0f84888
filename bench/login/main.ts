import { type Machine, machineOf } from "../harness/machine.js";
import { MeasuredServer } from "../harness/measured-server.js";
import type { Part, Running } from "../harness/part.js";
import { openPlace, type Place } from "../harness/place.js";
import { type Amounts, type Spread, spreadOf } from "../harness/rounds.js";
import { spread, table } from "../harness/table.js";
import { type Way, ways } from "../request/variants.js";

const ACTS = ["a login", "a logout", "a restore"] as const;
type Act = (typeof ACTS)[number];

interface Cost {
  name: string;
  act: Act;
  cpu: Spread;
  /** Store calls in one act, by verb. */
  calls: Record<string, number>;
}

interface LoginResults {
  machine: Machine;
  amounts: Amounts;
  costs: Cost[];
}

const COUNTED = 20;
/** Fewer than in other parts, because each logout and each restore needs a login that is not measured. */
const AMOUNTS: Record<Running["size"], Amounts> = {
  full: { warmUp: 4000, rounds: 15, requests: 1000 },
  quick: { warmUp: 2000, rounds: 5, requests: 400 },
  smoke: { warmUp: 20, rounds: 1, requests: 20 },
};
const compared = ways.filter(({ name }) => /^(session|passportSession|latchkey|latchkeyOverSession)$/.test(name));

/** Measures the cost of a login, a logout and a restore. */
export const login: Part<LoginResults> = {
  name: "login",
  async run(running) {
    const amounts = AMOUNTS[running.size];
    const place = await openPlace("memory");
    const calls = await Promise.all(compared.map((way) => callsOf(way, place, running.node)));
    const servers = await Promise.all(compared.map((way) => MeasuredServer.start(way, place, running)));
    const runs = new Map<string, number[]>();
    for (let round = -1; round < amounts.rounds; round++) {
      for (const [i, way] of compared.entries()) {
        for (const act of actsOf(way)) {
          const cpu = await costOf(act, servers[i]!, round < 0 ? amounts.warmUp : amounts.requests);
          const key = `${way.label}: ${act}`;
          if (round >= 0) runs.set(key, [...(runs.get(key) ?? []), cpu]);
        }
      }
    }
    const costs = compared.flatMap((way, i) =>
      actsOf(way).map((act) => {
        const cpu = spreadOf(runs.get(`${way.label}: ${act}`)!);
        return { name: way.label, act, cpu, calls: calls[i]!.get(act)! };
      }),
    );
    for (const server of servers) await server.stop();
    return { machine: await machineOf(running.node), amounts, costs };
  },
  report({ costs }) {
    const rows = ACTS.flatMap((act) => costs.filter((cost) => cost.act === act)).map((cost) => {
      const calls = Object.entries(cost.calls).map(([what, times]) => `${what} ${times}`);
      return [cost.act, cost.name, spread(cost.cpu, 0), calls.join(", ")];
    });
    return table(["", "", "CPU, µs", "store calls"], rows);
  },
};

/** Only latchkey has built-in remember cookies. */
function actsOf({ isOurs }: Way): readonly Act[] {
  return isOurs ? ACTS : ["a login", "a logout"];
}

/** Returns the request line of an act, and a cookie per request. No cookie is sent twice. */
async function prepare(act: Act, server: MeasuredServer, times: number): Promise<[line: string, cookies: string[]]> {
  if (act === "a login") return ["GET /login", [""]];
  const cookies: string[] = [];
  const enter = act === "a logout" ? "GET /login" : "GET /remember";
  for (let i = 0; i < times; i++) cookies.push((await server.send(enter)).cookie);
  if (act === "a logout") return ["GET /logout", cookies];
  return ["GET /me", cookies.map(withoutSession)];
}

function withoutSession(cookie: string): string {
  return cookie.split("; ").find((pair) => !/^(sid|connect\.sid)=/.test(pair))!;
}

/** Runs an act many times. @returns the CPU time of one run, in microseconds */
async function costOf(act: Act, server: MeasuredServer, times: number): Promise<number> {
  const [line, cookies] = await prepare(act, server, times);
  return (await server.run(line, times, cookies)).cpu;
}

async function callsOf(way: Way, place: Place, node: string): Promise<Map<Act, Record<string, number>>> {
  const server = await MeasuredServer.start(way, place, { node, counting: true });
  const calls = new Map<Act, Record<string, number>>();
  for (const act of actsOf(way)) {
    const [line, cookies] = await prepare(act, server, COUNTED);
    const before = (await server.told()).counts;
    await server.run(line, COUNTED, cookies);
    const { counts } = await server.told();
    const each = Object.entries(counts).map(
      ([what, times]) => [what, (times - (before[what] ?? 0)) / COUNTED] as const,
    );
    calls.set(act, Object.fromEntries(each.filter(([, times]) => times > 0)));
  }
  await server.stop();
  return calls;
}
