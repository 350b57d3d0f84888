import { table, whole } from "../harness/table.js";
import type { MemoryCost } from "./memory.js";
import type { OneUserCost } from "./one-user.js";
import type { PruningCost } from "./pruning.js";
import { CONTENT_BYTES, PER_USER } from "./sessions.js";
import type { Summary } from "./timing.js";

/** All measurements, and the machine. */
export interface GrowthResults {
  machine: { processor: string; cores: number; node: string; servers: string[]; loadBefore: number; loadAfter: number };
  oneUser: OneUserCost[];
  pruning: PruningCost[];
  memory: { sessions: number; costs: MemoryCost[] };
  stored: Array<{ backend: string; sessions: number; bytes: Record<string, number> }>;
}

/** Returns the results as Markdown. */
export function report({ machine, oneUser, pruning, memory, stored }: GrowthResults): string {
  return `${machine.servers.join("; ")}. This program, the servers and other programs shared the cores.
The load was ${machine.loadBefore} before the run and ${machine.loadAfter} after it.
A session has ${CONTENT_BYTES} bytes of content. A user has ${PER_USER} sessions. Times are in milliseconds.

### The sessions of one user

Each trial uses a random user in each store in turn. The two stores of the same size show the noise.

${table(
  ["backend", "live sessions", "trials", "list: median [of 5 rounds]", "p95", "end: median [of 5 rounds]", "p95"],
  oneUser.map(({ backend, sessions, list, end }) => [
    backend,
    whole(sessions),
    list.trials,
    middle(list),
    ms(list.p95),
    middle(end),
    ms(end.p95),
  ]),
)}

### Pruning

Each statement is its own transaction, so it holds a lock only while it runs. During the pruning, a neighbor reads and
writes sessions: another thread with its own connection. "before" is the same without pruning. "longest turn" is the
longest turn of the pruning event loop.

${table(
  [
    "backend",
    "expired",
    "live",
    "seconds",
    "delete: median",
    "p99",
    "longest",
    "select: longest",
    "longest turn",
    "before",
  ],
  pruning.map(({ backend, expired, live, seconds, statements, during, before }) => [
    backend,
    whole(expired),
    whole(live),
    seconds,
    ms(statements.delete.median),
    ms(statements.delete.p99),
    ms(statements.delete.max),
    ms(statements.select.max),
    ms(during.longestTurn),
    ms(before.longestTurn),
  ]),
)}

${table(
  ["neighbor on", "", "operations", "median", "p99", "worst", "before: median", "p99", "worst"],
  pruning.flatMap(({ backend, during, before }) =>
    (["read", "write"] as const).map((verb) => [
      backend,
      `${verb}s`,
      whole(during[verb].trials),
      ...[during[verb], before[verb]].flatMap(({ median, p99, max }) => [ms(median), ms(p99), ms(max)]),
    ]),
  ),
)}

### Bytes per session

In process memory, with ${whole(memory.sessions)} sessions: \`heapUsed\` and \`external\` of child processes after a garbage collection:

${table(
  ["store", "sessions per user", "bytes: median of 3", "range"],
  memory.costs.map(({ store, sessionsPerUser, bytes, range }) => [store, sessionsPerUser, bytes, range.join("–")]),
)}

In a database server:

${table(
  ["backend", "sessions", "part", "bytes per session"],
  stored.flatMap(({ backend, sessions, bytes }) =>
    Object.entries(bytes).map(([part, size]) => [backend, whole(sessions), part, Math.round(size / sessions)]),
  ),
)}
`;
}

function middle({ median, medians }: Summary): string {
  return `${ms(median)} [${medians.map(ms).join("–")}]`;
}

function ms(time: number): string {
  return time.toFixed(time < 10 ? 2 : 1);
}
