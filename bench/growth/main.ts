import { availableParallelism, cpus, loadavg } from "node:os";
import type { Part, Running } from "../harness/part.js";
import { type Backend, fill } from "./backend.js";
import { memoryCosts } from "./memory.js";
import { type Filled, oneUserCosts } from "./one-user.js";
import { pruningCost } from "./pruning.js";
import { redis } from "./redis-backend.js";
import { type GrowthResults, report } from "./report.js";
import { type KeptTable, mariadb, postgres, type SqlBackend, sqlite } from "./sql-backend.js";

/** The sizes of a run. */
interface Amounts {
  many: number;
  /** The number of sessions in databases that are slow to fill. */
  some: number;
  few: number;
  inMemory: number;
  trials: number;
  /** How long the neighbor is measured before pruning, in milliseconds. */
  control: number;
}

const AMOUNTS: Record<Running["size"], Amounts> = {
  full: { many: 1_000_000, some: 200_000, few: 1000, inMemory: 100_000, trials: 500, control: 10_000 },
  quick: { many: 50_000, some: 10_000, few: 1000, inMemory: 5000, trials: 100, control: 2000 },
  smoke: { many: 1000, some: 500, few: 100, inMemory: 500, trials: 10, control: 200 },
};

/** Measures one user's sessions, pruning and memory in stores with many sessions. */
export const growth: Part<GrowthResults> = {
  name: "growth",
  async run({ size, place }) {
    const amounts = AMOUNTS[size];
    const { many, some } = amounts;
    const results: GrowthResults = {
      machine: {
        processor: cpus()[0]!.model,
        cores: availableParallelism(),
        node: process.versions.node,
        servers: [],
        loadBefore: load(),
        loadAfter: 0,
      },
      oneUser: [],
      pruning: [],
      memory: { sessions: amounts.inMemory, costs: [] },
      stored: [],
    };
    const steps = {
      memory: async () => {
        results.memory.costs = await memoryCosts(amounts.inMemory);
      },
      redis: () => users(results, redis, { ...amounts, many }),
      postgres: () => usersAndPruning(results, postgres, { ...amounts, many }),
      mariadb: () => usersAndPruning(results, mariadb, { ...amounts, many: some }),
      sqlite: () => usersAndPruning(results, sqlite, { ...amounts, many: some }),
    };
    for (const [name, step] of Object.entries(steps)) {
      if (place && place !== name) continue;
      console.error(`  growth: ${name}`);
      await step();
    }
    results.machine.loadAfter = load();
    return results;
  },
  report,
};

/** Measures one user's sessions in two small stores and a large one, and then passes the large one to `then`. */
async function users(
  results: GrowthResults,
  backend: Backend,
  { few, many, trials }: Amounts,
  then: (kept: Filled["kept"]) => Promise<void> = async () => {},
): Promise<void> {
  const filled: Filled[] = [];
  try {
    for (const sessions of [few, few, many]) {
      const kept = await backend.open();
      filled.push({ kept, sessions });
      await fill(kept, { count: sessions });
    }
    const { kept } = filled.at(-1)!;
    results.machine.servers.push(kept.version);
    const bytes = await kept.bytes();
    if (Object.keys(bytes).length > 0) results.stored.push({ backend: backend.name, sessions: many, bytes });
    results.oneUser.push(...(await oneUserCosts(backend, filled, trials)));
    await then(kept);
  } finally {
    for (const { kept } of filled) await kept.close();
  }
}

async function usersAndPruning(results: GrowthResults, backend: SqlBackend, amounts: Amounts): Promise<void> {
  const { many, control } = amounts;
  await users(results, backend, amounts, async (kept) => {
    results.pruning.push(await pruningCost(backend, kept as KeptTable, { live: many, expired: many, control }));
  });
}

function load(): number {
  return Number(loadavg()[0]!.toFixed(1));
}
