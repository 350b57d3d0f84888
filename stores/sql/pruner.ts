import { atMost } from "../at-most.js";
import { deleteRows, sizeFor } from "./batches.js";
import { pruneAfter } from "./columns.js";
import { PruneLease } from "./prune-lease.js";
import type { Queries } from "./queries.js";
import { idOf } from "./rows.js";
import type { Statements } from "./statements.js";

/** How many batches one statement looks up. */
const BATCHES = 4;

/** Deletes expired rows, unless another process is doing so. */
export class Pruner {
  readonly #statements: Statements;
  readonly #lease: Statements;
  readonly #queries: Queries;
  readonly #batch: number;
  readonly #running = new Set<Promise<unknown>>();
  #stopping = new AbortController();

  /**
   * @param statements for the statements that look up and delete expired rows
   * @param lease for the statements of the lease, which change one row
   * @param batch how many rows one statement deletes
   */
  constructor(statements: Statements, lease: Statements, queries: Queries, batch: number) {
    this.#statements = statements;
    this.#lease = lease;
    this.#queries = queries;
    this.#batch = batch;
  }

  /** Deletes at most `limit` expired rows. Resolves with how many; 0 if another process is pruning. */
  async prune(limit: number): Promise<number> {
    const pruning = this.#prune(Math.floor(limit), this.#stopping.signal);
    this.#running.add(pruning);
    return pruning.finally(() => this.#running.delete(pruning));
  }

  /** Stops what runs now after its current statement, and waits for that, at most this many milliseconds. */
  async stop(patience: number): Promise<void> {
    this.#stopping.abort();
    this.#stopping = new AbortController();
    await atMost(patience, Promise.allSettled(this.#running));
  }

  async #prune(limit: number, stopping: AbortSignal): Promise<number> {
    if (!(limit > 0)) return 0;
    const lease = await PruneLease.take(this.#lease, this.#queries);
    if (!lease) return 0;
    try {
      return await this.#deleteExpired(limit, lease, stopping);
    } finally {
      await lease.end();
    }
  }

  async #deleteExpired(limit: number, lease: PruneLease, stopping: AbortSignal): Promise<number> {
    let removed = 0;
    let from = 0;
    while (removed < limit) {
      const size = Math.min(BATCHES * this.#batch, limit - removed);
      // Continue at the last page, because the index still has entries for the removed rows.
      const now = Date.now();
      const found = await this.#statements.all(this.#queries.expired(sizeFor(size)), [from, pruneAfter(now), now]);
      const rows = found.slice(0, size);
      if (rows.length > 0) from = Number(rows.at(-1)!.pruneafter);
      for (let i = 0; i < rows.length; i += this.#batch) {
        if (stopping.aborted || !(await lease.keep())) return removed;
        const ids = rows.slice(i, i + this.#batch).map(idOf);
        removed += await deleteRows(this.#statements, this.#queries.deleteAllExpired, ids, [Date.now()]);
        // An embedded database resolves within the same turn of the event loop, so let other work run.
        await new Promise(setImmediate);
      }
      if (rows.length < size) break;
    }
    return removed;
  }
}
