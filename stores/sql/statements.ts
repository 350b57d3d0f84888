import type { SqlDatabase, SqlRow, SqlValue } from "./database.js";
import { isTransient } from "./transient.js";

const TRIES = 4;
/** The longest average pause before SQLite is asked again, in milliseconds. */
const LONGEST_PAUSE = 80;

/** Runs statements on a database, and tries again those that failed because of concurrent work. */
export class Statements {
  readonly #database: SqlDatabase;
  readonly #timeout: number;

  /** @param timeout for each try, in milliseconds; on SQLite, for all tries together */
  constructor(database: SqlDatabase, timeout: number) {
    this.#database = database;
    this.#timeout = timeout;
  }

  /** Runs a statement and resolves with its rows. */
  all(sql: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    return this.#retried(() => this.#database.all(sql, values, this.#timeout));
  }

  /** Runs a statement and resolves with the number of rows that it changed. */
  run(sql: string, values: readonly SqlValue[]): Promise<number> {
    return this.#retried(() => this.#database.run(sql, values, this.#timeout));
  }

  /** Does the error come from concurrent work? */
  isTransient(error: unknown): boolean {
    const { isTransient: isTransientHere = isTransient } = this.#database;
    return isTransientHere.call(this.#database, error);
  }

  #retried<T>(work: () => Promise<T>): Promise<T> {
    if (this.#database.dialect === "sqlite") return this.#unlocked(work);
    return retried(TRIES, work, (error) => this.isTransient(error));
  }

  /**
   * Waits for the lock of a SQLite file without blocking the process. If SQLite itself waited, as with a busy timeout,
   * most drivers would block the event loop, and the others would hold up the next reads.
   */
  #unlocked<T>(work: () => Promise<T>): Promise<T> {
    const end = performance.now() + this.#timeout;
    const isLocked = (error: unknown) => performance.now() < end && this.isTransient(error);
    return retried(Number.POSITIVE_INFINITY, work, isLocked);
  }
}

/** Runs the work, and runs it again while it fails with an error that may pass, at most `tries` times in all. */
export async function retried<T>(
  tries: number,
  work: () => Promise<T>,
  mayPass: (error: unknown) => boolean,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (tried === tries || !mayPass(error)) throw error;
      await pause(tried);
    }
  }
}

/**
 * Waits before the next try: longer each time, and with a random part, so that callers do not all try again at once.
 */
function pause(tried: number): Promise<void> {
  const average = Math.min(2 ** tried * 5, LONGEST_PAUSE);
  return new Promise((resolve) => setTimeout(resolve, average * (0.5 + Math.random())));
}
