import { dropDatabases, makeDatabase } from "../../test/support/databases.js";
import { openPlace } from "../harness/place.js";
import { type Spread, spreadOf } from "../harness/rounds.js";
import { timeOf } from "./imports.js";

const PLACES = ["memory", "sqlite", "redis", "postgres"] as const;

/** Measures how many milliseconds `openStore` takes for a store of each kind, each time in a new process. */
export async function storeTimes({ node, times }: { node: string; times: number }) {
  const opening = (url: string): Spread => {
    const open = `await openStore(${JSON.stringify(url)})`;
    const before = `const { openStore } = await import("latchkey/stores")`;
    return spreadOf(Array.from({ length: times }, () => timeOf(node, before, open)));
  };
  const stores: Array<{ kind: string; milliseconds: Spread }> = [];
  for (const kind of PLACES) {
    const place = await openPlace(kind);
    stores.push({ kind, milliseconds: opening(place.url) });
    await place.close();
  }
  stores.push({ kind: "mariadb", milliseconds: opening((await makeDatabase("mariadb")).url) });
  await dropDatabases();
  return stores;
}
