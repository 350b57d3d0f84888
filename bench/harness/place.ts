import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dropDatabases, makeDatabase } from "../../test/support/databases.js";
import { startRedis, stopRedisServers } from "../../test/support/redis-servers.js";

/** Where the sessions of the measured servers are kept. */
const PLACES = ["memory", "redis", "sqlite", "postgres"] as const;
export type PlaceName = (typeof PLACES)[number];

/** All of them, or the one of this name. */
export function placesOf(only: string | undefined): PlaceName[] {
  return PLACES.filter((place) => !only || place === only);
}

/** What readers know them by. */
export const PLACE_NAMES: Record<PlaceName, string> = {
  memory: "In memory",
  redis: "Redis",
  sqlite: "SQLite",
  postgres: "PostgreSQL",
};

/** A place that is this run's alone. */
export interface Place {
  name: PlaceName;
  /** As `openStore` takes it. */
  url: string;
  close(): Promise<void>;
}

/** Opens a place, empty. */
export async function openPlace(name: PlaceName): Promise<Place> {
  if (name === "memory") return { name, url: "memory:", close: async () => {} };
  if (name === "redis") return { name, url: (await startRedis()).url, close: stopRedisServers };
  if (name === "postgres") return { name, url: (await makeDatabase("postgres")).url, close: dropDatabases };
  const file = join(tmpdir(), `latchkey-bench-${process.pid}-${Date.now()}.sqlite`);
  const files = [file, `${file}-wal`, `${file}-shm`];
  const close = async () => void (await Promise.all(files.map((one) => rm(one, { force: true }))));
  return { name, url: `sqlite:${file}`, close };
}
