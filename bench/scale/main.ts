import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { type Backend, fill } from "./backend.js";
import { memoryCosts } from "./memory.js";
import { type Filled, oneUserCosts } from "./one-user.js";
import { pruningCost } from "./pruning.js";
import { redis } from "./redis-backend.js";
import { type Results, report } from "./report.js";
import { type KeptTable, mariadb, postgres, type SqlBackend, sqlite } from "./sql-backend.js";

const { values: flags } = parseArgs({ options: { quick: { type: "boolean" }, only: { type: "string" } } });
const scale = flags.quick ? 20 : 1;
const MANY = 1_000_000 / scale;
/** For databases that are filled slowly. */
const SOME = 200_000 / scale;
const FEW = 1000;
const TRIALS = 500 / Math.min(scale, 5);
const CONTROL = 10_000 / Math.min(scale, 5);

const start = performance.now();
const results: Results = {
  machine: {
    processor: cpus()[0]!.model,
    cores: availableParallelism(),
    node: process.versions.node,
    servers: [],
    loadBefore: load(),
    loadAfter: 0,
  },
  minutes: 0,
  oneUser: [],
  pruning: [],
  memory: { sessions: 100_000 / scale, costs: [] },
  stored: [],
};

await step("memory", async () => {
  results.memory.costs = await memoryCosts(results.memory.sessions);
});
await step("redis", () => users(redis, MANY, async () => {}));
await step("postgres", () => usersAndPruning(postgres, MANY));
await step("mariadb", () => usersAndPruning(mariadb, SOME));
await step("sqlite", () => usersAndPruning(sqlite, SOME));
results.minutes = Number(((performance.now() - start) / 60_000).toFixed(1));
results.machine.loadAfter = load();

const text = report(results);
console.log(text);
if (!flags.quick && !flags.only) {
  await mkdir("bench/results", { recursive: true });
  await writeFile("bench/results/scale.json", `${JSON.stringify(results, null, 2)}\n`);
  await writeFile("bench/results/scale.md", text);
}

async function step(name: string, work: () => Promise<void>): Promise<void> {
  if (flags.only && flags.only !== name) return;
  const begun = performance.now();
  await work();
  console.error(`${name}: ${Math.round((performance.now() - begun) / 1000)} s`);
}

/** Measures what one user costs in two small stores and a large one, and hands the large one on. */
async function users(backend: Backend, many: number, then: (kept: Filled["kept"]) => Promise<void>): Promise<void> {
  const filled: Filled[] = [];
  try {
    for (const sessions of [FEW, FEW, many]) {
      const kept = await backend.open();
      filled.push({ kept, sessions });
      await fill(kept, { count: sessions });
      console.error(
        `  ${sessions} sessions in ${backend.name} after ${Math.round((performance.now() - start) / 1000)} s`,
      );
    }
    const { kept } = filled.at(-1)!;
    results.machine.servers.push(kept.version);
    const bytes = await kept.bytes();
    if (Object.keys(bytes).length > 0) results.stored.push({ backend: backend.name, sessions: many, bytes });
    results.oneUser.push(...(await oneUserCosts(backend, filled, TRIALS)));
    await then(kept);
  } finally {
    for (const { kept } of filled) await kept.close();
  }
}

async function usersAndPruning(backend: SqlBackend, many: number): Promise<void> {
  await users(backend, many, async (kept) => {
    const amounts = { live: many, expired: many, control: CONTROL };
    results.pruning.push(await pruningCost(backend, kept as KeptTable, amounts));
  });
}

function load(): number {
  return Number(loadavg()[0]!.toFixed(1));
}
