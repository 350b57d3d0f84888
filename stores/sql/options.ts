import { given } from "../given.js";
import type { SqlTablesOptions } from "./ddl.js";

/** Options of the SqlStore. */
export interface SqlStoreOptions extends SqlTablesOptions {
  /**
   * Remove expired rows about this often, in milliseconds, with jitter; `close()` stops it. Several processes may use
   * this option on one table: only one of them prunes at a time. A failure is the event `storeFailed` of the login
   * managers that use the store, and a process warning named LatchkeyPruneWarning.
   *
   * @default never
   */
  pruneEvery?: number | undefined;
  /**
   * How long one statement may take, in milliseconds. After that, `pg(pool)` and `mysql2(pool)` close its connection,
   * so that the pool can open another. On SQLite, a statement waits this long for the lock of another process, without
   * blocking this one. Use the value of `storeTimeout`.
   *
   * @default 2000
   */
  timeout?: number | undefined;
}

/** The longest interval that, with jitter, still fits a timer. */
const LONGEST_INTERVAL = 2 ** 30;
const TIMEOUT = 2000;

/**
 * Returns the two intervals of the options.
 *
 * @throws TypeError if one of them is invalid
 */
export function intervalsOf({ pruneEvery, timeout = TIMEOUT }: SqlStoreOptions): {
  pruneEvery: number | undefined;
  timeout: number;
} {
  if (pruneEvery !== undefined) assertInterval("pruneEvery", pruneEvery);
  assertInterval("timeout", timeout);
  return { pruneEvery, timeout };
}

function assertInterval(name: string, value: unknown): void {
  if (typeof value === "number" && value > 0 && value <= LONGEST_INTERVAL) return;
  const shown = typeof value === "number" ? String(value) : given(value);
  throw new TypeError(`${name} must be between 1 and ${LONGEST_INTERVAL} ms, not ${shown}`);
}
