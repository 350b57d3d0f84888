import type { Inside } from "../../../stores/open/inside.js";
import { evaluated } from "../../../stores/open/redis/script.js";
import type { SqlDialect } from "../../../stores/sql/database.js";
import { reasonFor } from "../failure.js";
import { type Check, resultsOf } from "./check.js";

/** A larger difference, in milliseconds, means that a clock is probably not synchronized. */
const SUSPECT = 5000;
/**
 * How much the clocks of an application's instances may differ, in milliseconds. The server's clock is the reference.
 */
const LIMIT = 60_000;
const TIMEOUT = 5000;

/** The SQL that reads the server's clock. SQLite uses the clock of this machine. */
const NOW: Record<Exclude<SqlDialect, "sqlite">, string> = {
  postgres: "SELECT extract(epoch FROM clock_timestamp()) * 1000 AS millis",
  mysql: "SELECT UNIX_TIMESTAMP(NOW(3)) * 1000 AS millis",
};

/**
 * Compares the clock of this machine with the clock of the store's server. Resolves with null for SQLite, which has no
 * server.
 */
export async function checkClock(inside: Inside): Promise<Check | null> {
  const { ok, warning, failed } = resultsOf("clock");
  if (inside.kind === "sql" && inside.database.dialect === "sqlite") return null;
  let ahead: number;
  try {
    const before = Date.now();
    const there = await timeOf(inside);
    ahead = (before + Date.now()) / 2 - there;
  } catch (error) {
    return warning(`cannot read the clock of the store's server: ${reasonFor(error)}`);
  }
  const difference = Math.abs(ahead);
  const message = `this machine is ${(difference / 1000).toFixed(3)} s ${ahead < 0 ? "behind" : "ahead of"} the store's server`;
  if (difference < SUSPECT) return ok(message);
  if (difference < LIMIT) return warning(`${message}; synchronize the clocks`);
  return failed(`${message}; the clocks of instances must differ by less than a minute`);
}

async function timeOf(inside: Inside): Promise<number> {
  if (inside.kind === "redis") {
    const [seconds, micros] = (await evaluated(inside, "return redis.call('TIME')")) as [string, string];
    return Number(seconds) * 1000 + Number(micros) / 1000;
  }
  const { database } = inside;
  const [row] = await database.all(NOW[database.dialect as keyof typeof NOW], [], TIMEOUT);
  return Number(row!.millis);
}
