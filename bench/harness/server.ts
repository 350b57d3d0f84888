// The measured process. It serves one variant, and responds to the messages of its parent.
import { createServer } from "node:http";
import type { Variant } from "./app.js";
import type { PlaceName } from "./place.js";

const [module, name, place, url, counting] = process.argv.slice(2) as [string, string, PlaceName, string, string?];
const counts: Record<string, number> = {};
const count = (what: string) => {
  counts[what] = (counts[what] ?? 0) + 1;
};
let watch = <S extends object>(store: S): S => store;
if (counting) {
  const { countStatements, watched } = await import("./counting.js"); // loads drivers, so only on demand
  countStatements(count);
  watch = (store) => watched(store, count);
}

const variants = (await import(module)) as Record<string, Variant>;
const listener = await variants[name]!({ place, url, count, watch });
// A connection is idle while other variants are measured, so it must not time out.
const patient = { keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 };
const server = createServer(patient, listener).listen(0, "127.0.0.1", () => {
  process.send!({ port: (server.address() as { port: number }).port });
});

process.on("message", (asked: string) => {
  if (asked === "stop") process.exit();
  if (asked === "heap") globalThis.gc!();
  process.send!({
    cpu: process.cpuUsage(),
    counts,
    heap: process.memoryUsage().heapUsed,
    node: process.versions.node,
    now: Number(process.hrtime.bigint() / 1000n),
  });
});
process.on("disconnect", () => process.exit());
