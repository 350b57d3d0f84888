import { parentPort, workerData } from "node:worker_threads";
import { TypeOrmStore } from "latchkey/stores/typeorm";
import type { DataSourceOptions } from "typeorm";
import { makeSession } from "./sessions.js";
import { connect } from "./sql-backend.js";
import { type Summary, summarize, timed } from "./timing.js";

/** The times of the neighbor's reads and writes. */
export interface NeighborCost {
  read: Summary;
  write: Summary;
}

// Acts as another process of the deployment: it uses, creates and ends sessions until it receives "stop".
const dataSource = await connect(workerData as DataSourceOptions);
const store = new TypeOrmStore({ dataSource });
const own = Array.from({ length: 50 }, (_, n) => makeSession(`neighbor${n}`));
for (const { id, ...record } of own) await store.create(id, record);
await store.read(own[0]!.id);

let read: number[] = [];
let write: number[] = [];
let stopped = false;
parentPort!.on("message", (message: "tell" | "stop") => {
  parentPort!.postMessage({ read: summarize(read), write: summarize(write) } satisfies NeighborCost);
  read = [];
  write = [];
  stopped = message === "stop";
});
parentPort!.postMessage("ready");

for (let n = 0; !stopped; n++) {
  const { id, ...record } = own[n % own.length]!;
  await timed(read, () => store.read(id));
  await timed(read, () => store.listByUser(record.userId!, { kind: "session", limit: 500 }));
  const instants = { lastSeenAt: Date.now(), expiresAt: record.expiresAt + n };
  await timed(write, () => store.touch(id, instants));
  await timed(write, () => store.update(id, { ...record, ...instants }));
  const { id: another, ...started } = makeSession(`neighbor${n % own.length}`);
  await timed(write, () => store.create(another, started));
  await timed(write, () => store.destroy(another));
  await new Promise((resolve) => setTimeout(resolve, 5));
}
await dataSource.destroy();
parentPort!.close();
