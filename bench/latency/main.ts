import { DELAY } from "../apps/slow-store.js";
import { type Machine, machineOf } from "../harness/machine.js";
import { CLIENTS, MeasuredServer } from "../harness/measured-server.js";
import type { Part } from "../harness/part.js";
import { openPlace } from "../harness/place.js";
import { type Spread, spreadOf } from "../harness/rounds.js";
import { spread, table } from "../harness/table.js";

interface LatencyResults {
  machine: Machine;
  delay: number;
  rounds: number;
  costs: Array<{ what: string; milliseconds: Spread }>;
}

const ROUNDS = { full: 15, quick: 5, smoke: 1 };
const WAYS = [
  { what: "guarded read, one session per client", line: "GET /me", shared: false },
  { what: "write, one session per client", line: "GET /write", shared: false },
  { what: "guarded read, one session for all clients", line: "GET /me", shared: true },
  { what: "write, one session for all clients", line: "GET /write", shared: true },
] as const;

/** Measures how long concurrent clients wait for a slow store. */
export const latency: Part<LatencyResults> = {
  name: "latency",
  async run({ size, node }) {
    const way = { module: new URL("../apps/slow-store.js", import.meta.url).href, name: "latchkeySlow" };
    const server = await MeasuredServer.start(way, await openPlace("memory"), { node });
    const cookies: string[] = [];
    for (let i = 0; i < CLIENTS; i++) cookies.push((await server.send("GET /login")).cookie);
    const costs: LatencyResults["costs"] = [];
    for (const { what, line, shared } of WAYS) {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS[size]; round++) {
        const begun = performance.now();
        await server.run(line, CLIENTS, shared ? cookies.slice(0, 1) : cookies);
        times.push(performance.now() - begun);
      }
      costs.push({ what, milliseconds: spreadOf(times) });
    }
    await server.stop();
    return { machine: await machineOf(node), delay: DELAY, rounds: ROUNDS[size], costs };
  },
  report({ delay, costs }) {
    const rows = costs.map(({ what, milliseconds }) => [
      what,
      spread(milliseconds, 0),
      (milliseconds.median / delay).toFixed(1),
    ]);
    return table(["", "milliseconds until all clients have a response", "in store calls"], rows);
  },
};
