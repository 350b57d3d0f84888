import type { SqlDatabase, SqlRow, SqlValue } from "./database.js";
import { isTransient } from "./transient.js";

const TRIES = 4;

/** Runs statements on a database, and repeats a statement that failed because of concurrent work. */
export class Statements {
  readonly #database: SqlDatabase;
  readonly #timeout: number;

  /** @param timeout for each try, in milliseconds */
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
    return retried(TRIES, work, (error) => this.isTransient(error));
  }
}

/**
 * Runs the work. If it fails with an error for which `mayPass` returns true, runs it again, at most `tries` times in
 * total.
 */
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
 * Waits before the next try. Each wait is longer than the last one, and random, so that callers do not all try again at
 * once.
 */
function pause(tried: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2 ** tried * 5 * (0.5 + Math.random())));
}
