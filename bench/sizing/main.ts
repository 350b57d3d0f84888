import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { SessionStore } from "latchkey";
import type { DataSource } from "typeorm";
import type { Backend, Kept } from "../growth/backend.js";
import { redis } from "../growth/redis-backend.js";
import { makeLogin } from "../growth/sessions.js";
import { type KeptTable, mariadb, postgres, sqlite } from "../growth/sql-backend.js";
import { type Machine, machineOf } from "../harness/machine.js";
import type { Part, Running } from "../harness/part.js";
import { table, whole } from "../harness/table.js";

/** What a session costs on one backend. */
interface Sizes {
  backend: string;
  version: string;
  sessions: number;
  touches: number;
  /** The bytes of a session with its share of the indexes. */
  bytes: { new: number; touched: number };
  /** Only on PostgreSQL: the bytes of WAL of a touch. */
  wal?: number;
  /** Only on PostgreSQL: the share of touches that changed no index. */
  hot?: number;
}

interface SizingResults {
  machine: Machine;
  /** The bytes of a session in a MemoryStore with 100,000 sessions. */
  memory: number;
  sizes: Sizes[];
}

const SESSIONS = 10_000;
const IN_MEMORY = 100_000;
/** How often each session is touched. A person causes at most one touch for each minute on the site. */
const TOUCHES: Record<Running["size"], number> = { full: 20, quick: 5, smoke: 1 };
const AT_ONCE = 20;
const MINUTE = 60_000;

/** Measures how much space a session needs, new and after the touches of a day. */
export const sizing: Part<SizingResults> = {
  name: "sizing",
  async run({ size, place, node }) {
    const sizes: Sizes[] = [];
    for (const backend of [redis, postgres, mariadb, sqlite] as Backend[]) {
      if (place && place !== backend.name.toLowerCase().replace("postgresql", "postgres")) continue;
      console.error(`  sizing: ${backend.name}`);
      sizes.push(await sizesOn(backend, size === "smoke" ? 200 : SESSIONS, TOUCHES[size]));
    }
    const memory = await bytesInMemory(size === "smoke" ? 1000 : IN_MEMORY);
    return { machine: await machineOf(node), memory, sizes };
  },
  report({ memory, sizes }) {
    const rows = sizes.map(({ version, bytes, touches, wal, hot }) => [
      version,
      whole(bytes.new),
      whole(bytes.touched),
      touches,
      wal === undefined ? "" : whole(wal),
      hot === undefined ? "" : `${(100 * hot).toFixed(1)} %`,
    ]);
    const head = ["", "bytes of a session", "after the touches", "touches", "WAL bytes of a touch", "HOT updates"];
    return table(head, [["MemoryStore", whole(memory), "", "", "", ""], ...rows]);
  },
};

async function sizesOn(backend: Backend, sessions: number, touches: number): Promise<Sizes> {
  const kept = await backend.open();
  try {
    const made: Array<{ id: string; expiresAt: number }> = [];
    let next = 0;
    const worker = async () => {
      while (next < sessions) {
        const { id, ...record } = makeLogin(next++);
        await kept.store.create(id, record);
        made.push({ id, expiresAt: record.expiresAt });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await kept.settle();
    const before = await totalBytes(kept);
    const walBefore = await walOf(kept);
    for (let round = 1; round <= touches; round++) await touchAll(kept.store, made, round * MINUTE);
    const wal = await walOf(kept);
    const after = await totalBytes(kept);
    const { name, version } = { name: backend.name, version: kept.version };
    const counts = { backend: name, version, sessions, touches };
    const sizes: Sizes = { ...counts, bytes: { new: before / sessions, touched: after / sessions } };
    if (wal === undefined || walBefore === undefined) return sizes;
    return { ...sizes, wal: (wal - walBefore) / (sessions * touches), hot: await hotShare(kept, sessions * touches) };
  } finally {
    await kept.close();
  }
}

async function bytesInMemory(sessions: number): Promise<number> {
  const program = fileURLToPath(new URL("./memory-child.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", program, String(sessions)]);
  return Number(stdout);
}

/**
 * Touches all sessions once, in random order, as requests `later` milliseconds after the start would. Visitors do not
 * come in the order of their logins.
 */
async function touchAll(
  store: SessionStore,
  made: ReadonlyArray<{ id: string; expiresAt: number }>,
  later: number,
): Promise<void> {
  const lastSeenAt = Date.now() + later;
  const order = shuffled(made);
  let next = 0;
  const worker = async () => {
    for (let one = order[next++]; one; one = order[next++]) {
      await store.touch(one.id, { lastSeenAt, expiresAt: one.expiresAt + later });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((one) => ({ one, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one);
}

function sourceOf(kept: Kept): DataSource | undefined {
  return (kept as Partial<KeptTable>).dataSource;
}

async function totalBytes(kept: Kept): Promise<number> {
  const source = sourceOf(kept);
  if (!source) {
    const { session = 0, "user index": index = 0 } = await kept.bytes();
    return session + index;
  }
  const [row] = await source.query<Array<{ bytes: string }>>(TOTAL[source.options.type as keyof typeof TOTAL]);
  return Number(row!.bytes);
}

const TOTAL = {
  postgres: "SELECT pg_total_relation_size('latchkey_sessions') AS bytes",
  mariadb: `SELECT file_size AS bytes FROM information_schema.innodb_sys_tablespaces
    WHERE name = concat(database(), '/latchkey_sessions')`,
  "better-sqlite3": "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()",
} as const;

async function walOf(kept: Kept): Promise<number | undefined> {
  const source = sourceOf(kept);
  if (source?.options.type !== "postgres") return undefined;
  const [row] = await source.query<Array<{ at: string }>>("SELECT pg_current_wal_lsn() - '0/0' AS at");
  return Number(row!.at);
}

/** Waits for the statistics: an idle connection sends its own only after ten seconds. */
async function hotShare(kept: Kept, updates: number): Promise<number> {
  const sql =
    "SELECT n_tup_upd AS all, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'latchkey_sessions'";
  for (;;) {
    const [row] = await sourceOf(kept)!.query<Array<{ all: string; hot: string }>>(sql);
    if (Number(row!.all) >= updates) return Number(row!.hot) / Number(row!.all);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
