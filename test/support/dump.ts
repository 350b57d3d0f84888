import type { Opened } from "./backends.js";
import { storedBrowsers, storedSessions } from "./records.js";

/** Returns what the backend of a store has: every row, or every key with its value. Memory has the user's records. */
export async function dumpOf({ store, query, table, client, prefix }: Opened, userId: string): Promise<unknown[]> {
  if (query) return query(`SELECT * FROM ${table}`);
  if (!client) return [await storedSessions(store, userId), await storedBrowsers(store, userId)];
  const ask = (script: string, key: string) => client.eval(script, { keys: [key], arguments: [] });
  const keys = (await ask("return redis.call('KEYS', KEYS[1] .. '*')", prefix!)) as string[];
  const values = keys.map((key) => {
    const isIndex = /^user:/.test(key.slice(prefix!.length));
    return ask(isIndex ? "return redis.call('ZRANGE', KEYS[1], 0, -1)" : "return redis.call('GET', KEYS[1])", key);
  });
  return [...keys, ...(await Promise.all(values))];
}
