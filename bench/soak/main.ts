import { type Machine, machineOf } from "../harness/machine.js";
import { MeasuredServer } from "../harness/measured-server.js";
import type { Part } from "../harness/part.js";
import { openPlace } from "../harness/place.js";
import { table, whole } from "../harness/table.js";
import { ways } from "../request/variants.js";

interface SoakResults {
  machine: Machine;
  /** Heap bytes in use after this number of requests and a garbage collection. */
  heaps: Array<{ name: string; requests: number; heap: number }>;
}

const CHECKPOINTS = 10;
const REQUESTS = { full: 1_000_000, quick: 50_000, smoke: 200 };
const compared = ways.filter(({ name }) => name === "bare" || name === "latchkey");

/** Measures whether a server's memory grows with the number of requests. */
export const soak: Part<SoakResults> = {
  name: "soak",
  async run({ size, node }) {
    const each = REQUESTS[size] / CHECKPOINTS;
    const place = await openPlace("memory");
    const heaps: SoakResults["heaps"] = [];
    for (const way of compared) {
      const server = await MeasuredServer.start(way, place, { node, execArgv: ["--expose-gc"] });
      await server.logIn();
      for (let done = 0; done <= CHECKPOINTS; done++) {
        if (done > 0) await server.run("GET /me", each);
        heaps.push({ name: way.label, requests: done * each, heap: (await server.told("heap")).heap });
      }
      await server.stop();
    }
    return { machine: await machineOf(node), heaps };
  },
  report({ heaps }) {
    const labels = compared.map(({ label }) => label);
    const steps = [...new Set(heaps.map(({ requests }) => requests))];
    const heapOf = (name: string, step: number) =>
      heaps.find((one) => one.name === name && one.requests === step)!.heap / 1000;
    const rows = steps.map((step) => [whole(step), ...labels.map((label) => whole(heapOf(label, step)))]);
    return table(["guarded requests", ...labels.map((label) => `${label}, KB`)], rows);
  },
};
