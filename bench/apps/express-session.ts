import type { RequestHandler } from "express";
import session, { MemoryStore, type Store } from "express-session";
import { type Given, SECRET } from "../harness/app.js";

/** express-session, set up as in its README, with the usual store for this place. */
export async function expressSession(given: Given): Promise<RequestHandler> {
  return session({ secret: SECRET, resave: false, saveUninitialized: false, store: given.watch(await storeAt(given)) });
}

async function storeAt({ place, url }: Given): Promise<Store> {
  if (place === "memory") return new MemoryStore();
  if (place === "redis") {
    const [{ RedisStore }, { createClient }] = await Promise.all([import("connect-redis"), import("redis")]);
    const client = createClient({ url });
    await client.connect();
    return new RedisStore({ client });
  }
  if (place === "postgres") {
    const PgStore = (await import("connect-pg-simple")).default(session);
    return new PgStore({ conString: url, createTableIfMissing: true, pruneSessionInterval: false });
  }
  throw new Error(`express-session has no usual store for ${place}`);
}
