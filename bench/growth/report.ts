import { table, whole } from "../harness/table.js";
import type { MemoryCost } from "./memory.js";
import type { OneUserCost } from "./one-user.js";
import type { PruningCost } from "./pruning.js";
import { CONTENT_BYTES, PER_USER } from "./sessions.js";
import type { Summary } from "./timing.js";

/** Everything that was measured, and where. */
export interface GrowthResults {
  machine: { processor: string; cores: number; node: string; servers: string[]; loadBefore: number; loadAfter: number };
  oneUser: OneUserCost[];
  pruning: PruningCost[];
  memory: { sessions: number; costs: MemoryCost[] };
  stored: Array<{ backend: string; sessions: number; bytes: Record<string, number> }>;
}

/** The results as Markdown. */
export function report({ machine, oneUser, pruning, memory, stored }: GrowthResults): string {
  return `${machine.servers.join("; ")}. This program, the servers and whatever else ran shared the cores: load ${machine.loadBefore} before and
${machine.loadAfter} after.
A session has ${CONTENT_BYTES} bytes of content; a user has ${PER_USER} sessions. Times are milliseconds.

### The sessions of one user

Each trial takes a random user of every store in turn. The two stores of the same size show what is noise.

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

Each statement is a transaction of its own, so none holds a lock longer than it takes. Meanwhile another thread, with
a connection of its own, reads and writes sessions; "before" is the same without pruning. The longest turn is that of
the event loop that prunes.

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
  ["the neighbor's", "", "operations", "median", "p99", "worst", "before: median", "p99", "worst"],
  pruning.flatMap(({ backend, during, before }) =>
    (["read", "write"] as const).map((verb) => [
      backend,
      `${verb}s`,
      whole(during[verb].trials),
      ...[during[verb], before[verb]].flatMap(({ median, p99, max }) => [ms(median), ms(p99), ms(max)]),
    ]),
  ),
)}

### Bytes a session

In this process, ${whole(memory.sessions)} sessions, \`heapUsed\` and \`external\` after collecting garbage, in child processes:

${table(
  ["store", "sessions of a user", "bytes: median of 3", "range"],
  memory.costs.map(({ store, sessionsPerUser, bytes, range }) => [store, sessionsPerUser, bytes, range.join("–")]),
)}

In a server:

${table(
  ["backend", "sessions", "of what", "bytes a session"],
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
