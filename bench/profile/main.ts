import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Machine, machineOf } from "../harness/machine.js";
import { MeasuredServer } from "../harness/measured-server.js";
import type { Part, Running } from "../harness/part.js";
import { openPlace } from "../harness/place.js";
import { table, whole } from "../harness/table.js";
import { type Way, ways } from "../request/variants.js";
import { type SelfTimes, selfTimesIn } from "./self-times.js";

interface Profile {
  name: string;
  /** CPU time per request of all threads of the process, in microseconds. It includes the profiler's own time. */
  cpu: number;
  /** Self time per request, in microseconds. */
  times: SelfTimes;
}

interface ProfileResults {
  machine: Machine;
  amounts: { warmUp: number; requests: number };
  profiles: Profile[];
}

const AMOUNTS: Record<Running["size"], ProfileResults["amounts"]> = {
  full: { warmUp: 20_000, requests: 60_000 },
  quick: { warmUp: 8000, requests: 20_000 },
  smoke: { warmUp: 20, requests: 100 },
};
/** The time between two samples, in microseconds. */
const INTERVAL = 200;
const OURS = /^(src|stores)\//;
const compared = ways.filter(({ name }) => /^(bare|session|passportSession|latchkey)$/.test(name));

/** Measures where the time of a guarded request is spent. */
export const profile: Part<ProfileResults> = {
  name: "profile",
  async run({ size, node }) {
    const amounts = AMOUNTS[size];
    const profiles: Profile[] = [];
    for (const way of compared) profiles.push(await profileOf(way, amounts, node));
    return { machine: await machineOf(node), amounts, profiles };
  },
  report({ amounts, profiles }) {
    const sum = (times: SelfTimes) => Object.values(times).reduce((all, time) => all + time, 0);
    const most = (group: string) => Math.max(...profiles.map(({ times }) => times[group] ?? 0));
    const groups = [...new Set(profiles.flatMap(({ times }) => Object.keys(times)))].sort((a, b) => most(b) - most(a));
    const sorted = [...groups.filter((one) => !OURS.test(one)), ...groups.filter((one) => OURS.test(one))];
    const rows = sorted
      .filter((group) => most(group) >= 0.05)
      .map((group) => [
        OURS.test(group) ? `\`${group}\`` : group,
        ...profiles.map(({ times }) => times[group]?.toFixed(1) ?? ""),
      ]);
    const sums = ["total", ...profiles.map(({ times }) => sum(times).toFixed(0))];
    const cpu = ["CPU time of the process", ...profiles.map((one) => one.cpu.toFixed(0))];
    return `Microseconds per request, over ${whole(amounts.requests)} requests after ${whole(amounts.warmUp)} warm-up requests.

${table(["", ...profiles.map(({ name }) => name)], [...rows, sums, cpu])}`;
  },
};

async function profileOf(way: Way, { warmUp, requests }: ProfileResults["amounts"], node: string): Promise<Profile> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-profile-"));
  try {
    const execArgv = ["--cpu-prof", `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL}`];
    const server = await MeasuredServer.start(way, await openPlace("memory"), { node, execArgv });
    await server.logIn();
    await server.run("GET /me", warmUp);
    const from = (await server.told()).now;
    const { cpu } = await server.run("GET /me", requests);
    const to = (await server.told()).now;
    await server.stop();
    const times = Object.entries(await selfTimesIn(folder, [from, to]));
    const each = Object.fromEntries(times.map(([group, time]) => [group, time / requests]));
    return { name: way.label, cpu, times: each };
  } finally {
    await rm(folder, { recursive: true });
  }
}
