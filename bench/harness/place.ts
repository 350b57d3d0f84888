import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dropDatabases, makeDatabase } from "../../test/support/databases.js";
import { startRedis, stopRedisServers } from "../../test/support/redis-servers.js";

/** The kinds of storage for the sessions of the measured servers. */
const PLACES = ["memory", "redis", "sqlite", "postgres"] as const;
export type PlaceName = (typeof PLACES)[number];

/** Returns all places, or only the one with this name. */
export function placesOf(only: string | undefined): PlaceName[] {
  return PLACES.filter((place) => !only || place === only);
}

/** The names in the tables. */
export const PLACE_NAMES: Record<PlaceName, string> = {
  memory: "In memory",
  redis: "Redis",
  sqlite: "SQLite",
  postgres: "PostgreSQL",
};

/** A place that only this run uses. */
export interface Place {
  name: PlaceName;
  /** The URL for `openStore`. */
  url: string;
  close(): Promise<void>;
}

/** Opens an empty place. */
export async function openPlace(name: PlaceName): Promise<Place> {
  if (name === "memory") return { name, url: "memory:", close: async () => {} };
  if (name === "redis") return { name, url: (await startRedis()).url, close: stopRedisServers };
  if (name === "postgres") return { name, url: (await makeDatabase("postgres")).url, close: dropDatabases };
  const file = join(tmpdir(), `latchkey-bench-${process.pid}-${Date.now()}.sqlite`);
  const files = [file, `${file}-wal`, `${file}-shm`];
  const close = async () => void (await Promise.all(files.map((one) => rm(one, { force: true }))));
  return { name, url: `sqlite:${file}`, close };
}
