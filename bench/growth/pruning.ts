import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { fill } from "./backend.js";
import type { NeighborCost } from "./neighbor.js";
import type { KeptTable, SqlBackend } from "./sql-backend.js";
import { type Summary, summarize } from "./timing.js";

/** The cost of pruning for other users of the database, and for the pruning process. */
export interface PruningCost {
  backend: string;
  live: number;
  expired: number;
  seconds: number;
  /** The times of single statements. Each statement is its own transaction, so no lock is held longer. */
  statements: Record<"select" | "delete", Summary>;
  during: Disturbance;
  /** The same without pruning, measured just before. */
  before: Disturbance;
}

interface Disturbance extends NeighborCost {
  /** The longest turn of the event loop, in milliseconds. */
  longestTurn: number;
}

/** Adds expired sessions to a table, and prunes them while a neighbor uses live sessions. */
export async function pruningCost(
  backend: SqlBackend,
  kept: KeptTable,
  { live, expired, control }: { live: number; expired: number; control: number },
): Promise<PruningCost> {
  await fill(kept, { count: expired, expired: true, users: "gone" });
  const statements = watchStatements(kept);
  const neighbor = new Worker(new URL("./neighbor.js", import.meta.url), { workerData: kept.options });
  await once(neighbor, "message");

  const before = await disturbance(neighbor, "tell", () => pause(control));
  const start = performance.now();
  let removed = 0;
  const during = await disturbance(neighbor, "stop", async () => {
    removed = await kept.store.prune();
  });
  const seconds = Number(((performance.now() - start) / 1000).toFixed(1));
  await once(neighbor, "exit");
  if (removed !== expired) throw new Error(`${backend.name}: pruned ${removed} of ${expired}`);
  const { select, delete: deleted } = statements;
  return {
    backend: backend.name,
    live,
    expired,
    seconds,
    statements: { select: summarize(select), delete: summarize(deleted) },
    during,
    before,
  };
}

async function disturbance(neighbor: Worker, ask: "tell" | "stop", work: () => Promise<unknown>): Promise<Disturbance> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await pause(20);
  delay.enable();
  await pause(20);
  await work();
  await pause(20);
  delay.disable();
  neighbor.postMessage(ask);
  const [cost] = (await once(neighbor, "message")) as [NeighborCost];
  return { ...cost, longestTurn: Number((delay.max / 1e6 - 1).toFixed(1)) };
}

/** Records the time of each statement. Pruning runs one statement at a time, so one start time is enough. */
function watchStatements({ dataSource }: KeptTable): Record<"select" | "delete", number[]> {
  const times: Record<"select" | "delete", number[]> = { select: [], delete: [] };
  let start = 0;
  dataSource.subscribers.push({
    beforeQuery: () => {
      start = performance.now();
    },
    afterQuery: ({ query }) => {
      const verb = query.slice(0, 6).toLowerCase();
      if (verb === "select" || verb === "delete") times[verb].push(performance.now() - start);
    },
  });
  return times;
}
