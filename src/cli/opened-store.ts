import { atMost } from "../../stores/open/at-most.js";
import type { OpenStore } from "../../stores/open/open-store.js";
import { openByUrl } from "../../stores/open/openers.js";
import { parseDuration } from "../duration.js";
import { isLatchkeyError } from "../errors.js";
import { type Given, UsageError } from "./command.js";
import { within } from "./within.js";

/** Where a store is, and how long it may take to answer. */
export interface StorePlace {
  url: string;
  /** Milliseconds. */
  timeout: number;
}

const TIMEOUT = "5s";
/** Node runs a timer with a longer delay at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * The store of a command. The option `--store` wins over the variable SESSION_STORE.
 *
 * @throws UsageError if the timeout is invalid
 */
export function placeOf({ store, timeout }: Given["options"]): Omit<StorePlace, "url"> & { url: string | undefined } {
  try {
    const url = store ?? (process.env.SESSION_STORE || undefined);
    return { url, timeout: Math.min(parseDuration("--timeout", timeout ?? TIMEOUT), LONGEST) };
  } catch (error) {
    throw isLatchkeyError(error, "invalid_option") ? new UsageError(error.message) : error;
  }
}

/**
 * Runs some work on the store of a command, and closes the store.
 *
 * @throws UsageError if there is no URL, or it is invalid
 * @throws Error if the store cannot be reached within the timeout
 */
export async function withStore<T>(
  options: Given["options"],
  work: (store: OpenStore, place: StorePlace) => Promise<T>,
): Promise<T> {
  const { url, timeout } = placeOf(options);
  if (url === undefined) throw new UsageError("the option --store is required, or the variable SESSION_STORE");
  const store = await opened({ url, timeout });
  try {
    return await work(store, { url, timeout });
  } finally {
    await close(store, timeout);
  }
}

/** Opens a store, and creates neither a SQLite file nor a table. See `withStore` for its errors. */
export async function opened({ url, timeout }: StorePlace): Promise<OpenStore> {
  if (/^(memory:|sqlite::memory:)/.test(url))
    throw new UsageError("the store's URL names the memory of a process, which no other process can read");
  try {
    return await within(timeout, openByUrl(url, { upkeep: false }), `the store did not answer within ${timeout} ms`);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

/** Closes a store. A server that does not answer cannot delay this for longer than the timeout. */
export function close(store: OpenStore, timeout: number): Promise<void> {
  return atMost(timeout, store.close());
}
