import { MemoryStore } from "latchkey";
import { makeLogin } from "../growth/sessions.js";

// Fills a MemoryStore with this number of logins, and prints its bytes for each: `heapUsed` and `external`.
const count = Number(process.argv[2]);
makeLogin(0); // warm-up
const before = used();
const store = new MemoryStore({ maxOfKind: count });
for (let n = 0; n < count; n++) {
  const { id, ...record } = makeLogin(n);
  await store.create(id, record);
}
console.log((used() - before) / count);
await store.close();

function used(): number {
  for (let i = 0; i < 5; i++) globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
