import { randomInt } from "node:crypto";
import { pruneAfter } from "./columns.js";
import type { Queries } from "./queries.js";
import { idOf, rowOf } from "./rows.js";
import type { Statements } from "./statements.js";

/** The id of the lease's row. It cannot be the id of another record, because all other ids are hashes. */
const ID = "prune-lease";
const KIND = "lease";
/** How long a lease lasts, in milliseconds. After a process was killed while it pruned, no other can prune this long. */
const DURATION = 30_000;
/** How much the clocks of two processes may differ, in milliseconds. */
const CLOCKS = 60_000;
/** The lease is renewed when it is this old, in milliseconds. */
const RENEW_AFTER = 10_000;

/**
 * The right to prune a table. It is a row of the table, so that only one of several processes prunes at a time. If the
 * process ends without giving it back, it expires.
 */
export class PruneLease {
  readonly #statements: Statements;
  readonly #queries: Queries;
  readonly #createdAt: number;
  #revision: number;
  #renewedAt: number;

  private constructor(statements: Statements, queries: Queries, now: number) {
    this.#statements = statements;
    this.#queries = queries;
    this.#createdAt = now;
    this.#renewedAt = now;
    // Random, so that a process whose lease expired cannot renew or end the lease of another one.
    this.#revision = randomInt(2 ** 40);
  }

  /** Takes the lease. Resolves with null if there is nothing to prune, or if another process has the lease. */
  static async take(statements: Statements, queries: Queries): Promise<PruneLease | null> {
    const now = Date.now();
    const found = await statements.all(queries.leaseAndExpired, [ID, pruneAfter(now), now, ID]);
    if (found.every((row) => idOf(row) === ID)) return null;
    const held = found.find((row) => idOf(row) === ID);
    if (held) {
      const { createdAt, expiresAt, revision } = rowOf(held);
      // A lease that ends too late comes from a clock that is wrong. It could block all pruning for years.
      if (expiresAt > now && expiresAt <= now + DURATION + CLOCKS) return null;
      // An expired lease is deleted whatever else its row says, because the row may be damaged.
      if (expiresAt <= now) await statements.run(queries.deleteExpired, [ID, now]);
      else await statements.run(queries.endLease, [ID, createdAt, revision]);
    }
    const lease = new PruneLease(statements, queries, now);
    return (await lease.#insert()) ? lease : null;
  }

  /** Makes the lease last longer if it is old enough. Resolves with false if another process has taken it. */
  async keep(): Promise<boolean> {
    const now = Date.now();
    if (Math.abs(now - this.#renewedAt) < RENEW_AFTER) return true;
    const end = now + DURATION;
    const values = ["{}", now, end, pruneAfter(end), this.#revision + 1, ID, now, this.#revision];
    if ((await this.#statements.run(this.#queries.update, values)) === 0) return false;
    this.#renewedAt = now;
    this.#revision++;
    return true;
  }

  /** Gives the lease back. It does not reject, because a lease that is not given back expires. */
  async end(): Promise<void> {
    await this.#statements.run(this.#queries.endLease, [ID, this.#createdAt, this.#revision]).catch(() => {});
  }

  async #insert(): Promise<boolean> {
    const end = this.#createdAt + DURATION;
    const instants = [this.#createdAt, this.#createdAt, end, pruneAfter(end)];
    return (
      (await this.#statements.run(this.#queries.insertLease, [ID, KIND, null, "{}", ...instants, this.#revision])) > 0
    );
  }
}
