import type { RequestHandler } from "express";
import session, { MemoryStore, type Store } from "express-session";
import { type Given, SECRET } from "../harness/app.js";

/**
 * express-session, set up as in its README, with the usual store for this place.
 *
 * @param maxAge the lifetime of the cookie, in milliseconds; by default, the cookie lasts until the browser closes
 */
export async function expressSession(given: Given, maxAge?: number): Promise<RequestHandler> {
  const store = given.watch(await storeAt(given));
  const cookie = maxAge === undefined ? {} : { maxAge };
  return session({ secret: SECRET, resave: false, saveUninitialized: false, cookie, store });
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
