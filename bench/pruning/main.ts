import { randomBytes } from "node:crypto";
import { mysql2, pg as onPg, type SqlDatabase, SqlStore } from "latchkey/stores/sql";
import { createPool } from "mysql2/promise";
import pg from "pg";
import { type Machine, machineOf } from "../harness/machine.js";
import type { Part } from "../harness/part.js";
import { type Spread, spreadOf } from "../harness/rounds.js";
import { spread, table, whole } from "../harness/table.js";
import { slowNetwork } from "./slow-network.js";

interface PruningResults {
  machine: Machine;
  rows: number;
  rounds: number;
  costs: Array<{ place: string; delay: number; pruners: number; rowsPerSecond: Spread; statements: number }>;
}

const ROWS = { full: 20_000, quick: 20_000, smoke: 1000 };
const ROUNDS = { full: 5, quick: 3, smoke: 1 };
/** In each direction, in milliseconds. */
const DELAYS = [0, 3, 8];
const PRUNERS = [1, 12];
const TIMEOUT = 60_000;
const HOUR = 3_600_000;

interface Connected {
  database: SqlDatabase;
  close(): Promise<void>;
}

/** The places: the URL of the server, and how to connect to it. */
const places: Record<string, { url: string; connect(url: string): Connected }> = {
  PostgreSQL: {
    url: process.env.POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres",
    connect(connectionString) {
      const pool = new pg.Pool({ connectionString });
      pool.on("error", () => {});
      return { database: onPg(pool), close: () => pool.end() };
    },
  },
  MariaDB: {
    url: process.env.MARIADB_URL ?? "mysql://root@127.0.0.1:3306/mysql",
    connect(uri) {
      const pool = createPool({ uri });
      return { database: mysql2(pool), close: () => pool.end() };
    },
  },
};

/** Measures how fast expired rows are removed, by one process and by 12 at once, also on a slow network. */
export const pruning: Part<PruningResults> = {
  name: "pruning",
  async run({ size, node, place: only }) {
    const results: PruningResults = {
      machine: await machineOf(node),
      rows: ROWS[size],
      rounds: ROUNDS[size],
      costs: [],
    };
    for (const [place, { url, connect }] of Object.entries(places)) {
      if (only && only !== place.toLowerCase()) continue;
      for (const delay of DELAYS) {
        const network = await slowNetwork(url, delay);
        const own = connect(url);
        const pools = Array.from({ length: Math.max(...PRUNERS) }, () => connect(network.url));
        for (const pruners of PRUNERS) {
          const used = pools.slice(0, pruners);
          results.costs.push({ place, delay, pruners, ...(await cost(own.database, used, ROWS[size], ROUNDS[size])) });
        }
        for (const pool of [own, ...pools]) await pool.close();
        network.close();
      }
    }
    return results;
  },
  report({ rows, rounds, costs }) {
    const cells = costs.map(({ place, delay, pruners, rowsPerSecond, statements }) => {
      return [`${place}, ${delay} ms each way`, pruners, spread(rowsPerSecond, 0), statements];
    });
    const head = ["", "pruners at once", "rows per second", "statements of all pruners"];
    return `Median and range of ${rounds} rounds with ${whole(rows)} expired rows.\n\n${table(head, cells)}`;
  },
};

async function cost(
  own: SqlDatabase,
  pools: readonly Connected[],
  rows: number,
  rounds: number,
): Promise<{ rowsPerSecond: Spread; statements: number }> {
  const tablePrefix = `latchkey_bench_${randomBytes(4).toString("hex")}_`;
  const filled = new SqlStore(own, { tablePrefix, timeout: TIMEOUT });
  await filled.migrate();
  let sent = 0;
  const stores = pools.map(({ database }) => {
    const counted: SqlDatabase = {
      ...database,
      all: (...statement) => {
        sent++;
        return database.all(...statement);
      },
      run: (...statement) => {
        sent++;
        return database.run(...statement);
      },
    };
    return new SqlStore(counted, { tablePrefix, timeout: TIMEOUT });
  });
  await Promise.all(stores.map((store) => store.read("none"))); // opens the connections
  const speeds: number[] = [];
  const counts: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await fill(own, `${tablePrefix}sessions`, rows);
    sent = 0;
    const begun = performance.now();
    const removed = (await Promise.all(stores.map((store) => store.prune()))).reduce((sum, one) => sum + one);
    speeds.push(rows / ((performance.now() - begun) / 1000));
    counts.push(sent);
    if (removed !== rows) throw new Error(`pruned ${removed} of ${rows} rows`);
  }
  await own.run(`DROP TABLE ${tablePrefix}sessions`, [], TIMEOUT);
  return { rowsPerSecond: spreadOf(speeds), statements: Math.max(...counts) };
}

async function fill(own: SqlDatabase, name: string, count: number): Promise<void> {
  const columns = "id, kind, user_id, data, created_at, last_seen_at, expires_at, prune_after, revision";
  const rows = Array.from({ length: count }, () => {
    const expiresAt = 1 + Math.floor(Math.random() * 100 * HOUR);
    const id = randomBytes(32).toString("hex").slice(0, 43);
    return `('${id}', 'session', 'ann', '${JSON.stringify({ filler: "x".repeat(250) })}', 1, 1, ${expiresAt}, ${Math.ceil(expiresAt / HOUR) * HOUR}, 0)`;
  });
  for (let i = 0; i < count; i += 2000)
    await own.run(`INSERT INTO ${name} (${columns}) VALUES ${rows.slice(i, i + 2000).join(", ")}`, [], TIMEOUT);
}
