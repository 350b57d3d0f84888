import { randomBytes } from "node:crypto";
import session from "express-session";
import { MemoryStore, type SessionStore } from "latchkey";
import memorystore from "memorystore";
import { sessions } from "./sessions.js";

// Fills the store that the arguments name, and prints its bytes per session.
const [kind, countGiven, perUserGiven] = process.argv.slice(2);
const count = Number(countGiven);
const perUser = Number(perUserGiven);
const held: { store?: unknown } = {};
for (const made of sessions({ count: 1000, perUser })) made.id; // warm-up
const before = used();
held.store = kind === "memorystore" ? await fillMemorystore() : await fillOurs();
console.log((used() - before) / count);
process.exit(held.store ? 0 : 1);

async function fillOurs(): Promise<SessionStore> {
  const store = new MemoryStore({ maxOfKind: count });
  for (const { id, ...record } of sessions({ count, perUser })) {
    await store.create(id, record);
  }
  return store;
}

async function fillMemorystore(): Promise<session.Store> {
  const Store = memorystore(session);
  const store = new Store({ checkPeriod: 86_400_000 });
  for (const { data, expiresAt } of sessions({ count, perUser })) {
    const cookie = new session.Cookie();
    cookie.maxAge = expiresAt - Date.now();
    // Ids of express-session are 24 random bytes.
    const id = randomBytes(24).toString("base64url");
    await new Promise((resolve) => store.set(id, { cookie, ...data } as never, resolve));
  }
  return store;
}

function used(): number {
  for (let i = 0; i < 5; i++) globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
