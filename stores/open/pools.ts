import { atMost } from "../at-most.js";
import type { SqlDatabase, SqlRow, SqlValue } from "../sql/database.js";
import { LateResponseError } from "../sql/drivers/on-connection.js";
import { type Connections, publishReconnect } from "./connections.js";

/** A pool of connections. */
export interface SqlPool {
  database: SqlDatabase;
  /** Returns how many connections are open. */
  open(): number;
  /** Closes the connections. Those that do not respond within `patience` milliseconds are closed by force. */
  close(patience: number): Promise<void>;
}

/** A pool and its running statements. */
interface UsedPool extends SqlPool {
  running: Set<Promise<unknown>>;
}

/**
 * A database that replaces its pool when a statement times out. The other connections of the pool may be dead too, and
 * each of them would cause another timeout. The old pool finishes its running statements before it closes.
 */
export class RenewedPool implements SqlDatabase {
  readonly dialect: SqlDatabase["dialect"];
  readonly #open: () => SqlPool;
  readonly #patience: number;
  readonly #retired = new Set<Promise<void>>();
  #pool: UsedPool;
  #isClosed = false;

  /** @param patience how long `close` waits for running statements, in milliseconds */
  constructor(open: () => SqlPool, patience: number) {
    this.#open = open;
    this.#patience = patience;
    this.#pool = { ...open(), running: new Set() };
    this.dialect = this.#pool.database.dialect;
  }

  all(sql: string, values: readonly SqlValue[], timeout: number): Promise<readonly SqlRow[]> {
    return this.#on((database) => database.all(sql, values, timeout));
  }

  run(sql: string, values: readonly SqlValue[], timeout: number): Promise<number> {
    return this.#on((database) => database.run(sql, values, timeout));
  }

  connections(): Connections {
    return { open: this.#pool.open(), waiting: this.#pool.running.size };
  }

  /** Waits for the running statements, at most `patience` milliseconds, and closes every connection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const { running } = this.#pool;
    await atMost(this.#patience, Promise.all([Promise.allSettled(running), ...this.#retired]));
    await this.#pool.close(this.#patience);
  }

  async #on<T>(work: (database: SqlDatabase) => Promise<T>): Promise<T> {
    const pool = this.#pool;
    const result = work(pool.database);
    pool.running.add(result);
    try {
      return await result;
    } catch (error) {
      if (error instanceof LateResponseError && pool === this.#pool && !this.#isClosed) this.#replace(pool);
      throw error;
    } finally {
      pool.running.delete(result);
    }
  }

  #replace(pool: UsedPool): void {
    this.#pool = { ...this.#open(), running: new Set() };
    publishReconnect({ store: this.dialect as "postgres" | "mysql" });
    // Every statement has a timeout, so all of them settle.
    const retired = Promise.allSettled(pool.running)
      .then(() => pool.close(this.#patience))
      .finally(() => this.#retired.delete(retired));
    this.#retired.add(retired);
  }
}
