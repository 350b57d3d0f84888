import { atMost } from "../../stores/open/at-most.js";
import type { OpenStore } from "../../stores/open/open-store.js";
import { openByUrl } from "../../stores/open/openers.js";
import { UsageError } from "./command.js";

/** How long opening and closing a store may take, in milliseconds. */
const PATIENCE = 5000;

/** The URL of the store: the option `--store`, or the variable SESSION_STORE. */
export function storeUrl(given: string | undefined): string | undefined {
  return given ?? (process.env.SESSION_STORE || undefined);
}

/**
 * Runs some work on the store of a URL, and closes the store. It never creates a SQLite file or a table.
 *
 * @throws UsageError if there is no URL, or it is invalid
 * @throws Error if the store cannot be reached within a few seconds
 */
export async function withStore<T>(url: string | undefined, work: (store: OpenStore) => Promise<T>): Promise<T> {
  const store = await opened(url);
  try {
    return await work(store);
  } finally {
    await close(store);
  }
}

/** Opens the store of a URL. See `withStore` for its errors. */
export async function opened(given: string | undefined): Promise<OpenStore> {
  const url = storeUrl(given);
  if (url === undefined) throw new UsageError("the option --store is required, or the variable SESSION_STORE");
  if (/^(memory:|sqlite::memory:)/.test(url))
    throw new UsageError("the store's URL names the memory of a process, which no other process can read");
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`the store did not answer within ${PATIENCE / 1000} seconds`);
    timer = setTimeout(() => reject(error), PATIENCE);
  });
  try {
    return await Promise.race([openByUrl(url, { upkeep: false }), late]);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Closes a store. A server that does not answer cannot delay this for long. */
export function close(store: OpenStore): Promise<void> {
  return atMost(PATIENCE, store.close());
}
