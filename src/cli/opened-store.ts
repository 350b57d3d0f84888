import { atMost } from "../../stores/at-most.js";
import type { OpenStore } from "../../stores/open/open-store.js";
import { openByUrl } from "../../stores/open/openers.js";
import { parseDuration } from "../duration.js";
import { isLatchkeyError } from "../errors.js";
import { type Given, UsageError } from "./command.js";
import { within } from "./within.js";

/** The URL and the timeout of a store. */
export interface StorePlace {
  url: string;
  /** How long the store may take to respond, in milliseconds. */
  timeout: number;
}

const TIMEOUT = "5s";
/** If the delay of a timer is longer, Node runs the timer immediately. */
const LONGEST = 2 ** 31 - 1;

/**
 * Returns the URL and the timeout for a command's store. The option `--store` takes precedence over the variable
 * SESSION_STORE.
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
 * Opens the store of a command, runs `work` on it, and closes it.
 *
 * @throws UsageError if the URL is missing or invalid
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

/** Opens a store. Creates neither a SQLite file nor a table. Throws the same errors as `withStore`. */
export async function opened({ url, timeout }: StorePlace): Promise<OpenStore> {
  if (/^(memory:|sqlite::memory:)/.test(url))
    throw new UsageError("the store's URL names the memory of a process, which no other process can read");
  try {
    return await within(timeout, openByUrl(url, { upkeep: false }), `the store did not respond within ${timeout} ms`);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

/** Closes a store. If the server does not respond, waits no longer than the timeout. */
export function close(store: OpenStore, timeout: number): Promise<void> {
  return atMost(timeout, store.close());
}
