import { isLatchkeyError, SessionExistsError } from "../../src/errors.js";
import { assertId, assertPage, assertRecord, assertTimes, assertUpdate } from "../../src/store/arguments.js";
import type {
  ListOptions,
  RecordPage,
  SessionRecord,
  SessionStore,
  SessionTimes,
  SessionUpdate,
} from "../../src/store/session-store.js";
import { pruneUnasked } from "../../src/store/upkeep.js";
import { pack } from "../packed.js";
import { BATCH, deleteRows, LARGEST_BATCH, sizeFor } from "./batches.js";
import { pruneAfter } from "./columns.js";
import { assertDatabase, type SqlDatabase } from "./database.js";
import { insertRow } from "./insertion.js";
import { createMissing } from "./migration.js";
import { intervalsOf, type SqlStoreOptions } from "./options.js";
import { PruneTimer } from "./prune-timer.js";
import { Pruner } from "./pruner.js";
import { type Queries, queriesFor } from "./queries.js";
import { findLive, idOf, type Row, recordOf, rowOf } from "./rows.js";
import { Statements } from "./statements.js";

const DESTROY_TRIES = 30;
/** How long a statement of `prune` may take, in milliseconds. It may take long, because no request waits for it. */
const PRUNE_TIMEOUT = 60_000;

/**
 * Keeps sessions and remembered browsers in one table of SQLite, PostgreSQL, MySQL or MariaDB, through any driver or
 * query builder. Each record is one row, so the store needs no transactions.
 *
 * @example
 * ```ts
 * const store = new SqlStore(pg(pool), { pruneEvery: 15 * 60_000 });
 * await store.migrate();
 * ```
 */
export class SqlStore implements SessionStore {
  readonly #database: SqlDatabase;
  readonly #options: SqlStoreOptions;
  readonly #queries: Queries;
  readonly #statements: Statements;
  readonly #timeout: number;
  readonly #pruner: Pruner;
  readonly #timer: PruneTimer | undefined;

  /**
   * @param database the result of `pg(pool)` or another driver function. The store neither opens nor closes it.
   * @throws TypeError if the database is not a SqlDatabase, or an option is invalid
   */
  constructor(database: SqlDatabase, options: SqlStoreOptions = {}) {
    assertDatabase(database);
    const { pruneEvery, timeout } = intervalsOf(options);
    this.#database = database;
    this.#options = options;
    this.#queries = queriesFor(database.dialect, options);
    this.#statements = new Statements(database, timeout);
    this.#timeout = timeout;
    const patient = new Statements(database, Math.max(timeout, PRUNE_TIMEOUT));
    // A server needs larger batches because of the time that its network takes. SQLite blocks the process meanwhile.
    const batch = database.dialect === "sqlite" ? BATCH : LARGEST_BATCH;
    this.#pruner = new Pruner(patient, this.#statements, this.#queries, batch);
    if (pruneEvery !== undefined)
      this.#timer = new PruneTimer(pruneEvery, () => pruneUnasked(this, () => this.prune()));
  }

  /**
   * Creates the table and its indexes if they are missing. You may call it at every start, in several processes at
   * once. If nothing is missing, it only reads, so the right to create tables is not needed. For your own migrations,
   * `ddl()` returns the statements as text.
   *
   * @throws Error with the driver's `code` if something is missing and the database refuses to create it
   */
  migrate(): Promise<void> {
    return createMissing(this.#database, this.#options);
  }

  /** Replaces an expired row that was not pruned yet. */
  async create(id: string, record: SessionRecord): Promise<void> {
    assertId("id", id);
    assertRecord(record);
    const { kind, userId, data, createdAt, lastSeenAt, expiresAt, revision } = record;
    const instants = [createdAt, lastSeenAt, expiresAt, pruneAfter(expiresAt)];
    const row = [id, kind, userId, pack(data), ...instants, revision] as const;
    const created = await insertRow(this.#database.dialect, this.#statements, this.#queries, row);
    if (!created) throw new SessionExistsError();
  }

  async read(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    const row = await this.#find(id);
    return row && recordOf(row);
  }

  async update(id: string, update: SessionUpdate): Promise<boolean> {
    assertId("id", id);
    assertUpdate(update);
    const { data, lastSeenAt, expiresAt, revision } = update;
    const changed = [pack(data), lastSeenAt, expiresAt, pruneAfter(expiresAt), revision + 1];
    return (await this.#statements.run(this.#queries.update, [...changed, id, Date.now(), revision])) > 0;
  }

  async touch(id: string, times: SessionTimes): Promise<boolean> {
    assertId("id", id);
    assertTimes(times);
    const { lastSeenAt, expiresAt } = times;
    const after = pruneAfter(expiresAt);
    const instants = [lastSeenAt, lastSeenAt, expiresAt, expiresAt, after, after];
    if ((await this.#statements.run(this.#queries.touch, [...instants, id, Date.now()])) > 0) return true;
    if (this.#database.dialect !== "mysql") return false;
    // Without the flag FOUND_ROWS, MySQL does not count a row whose values stay the same.
    const row = await this.#find(id);
    return row !== null && row.lastSeenAt >= lastSeenAt && row.expiresAt >= expiresAt;
  }

  /**
   * Reads the row, and deletes it if it was not updated in between; otherwise, it tries again. The last try deletes the
   * row in any case, so that constant updates cannot keep a session alive. The result is then the record that was read
   * just before.
   */
  async destroy(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    const { destroy, destroyAny } = this.#queries;
    for (let tried = 1; ; tried++) {
      const row = await this.#find(id);
      if (!row) return null;
      const values = [id, row.kind, row.createdAt];
      const deleted = await (tried < DESTROY_TRIES
        ? this.#statements.run(destroy, [...values, row.revision, Date.now()])
        : this.#statements.run(destroyAny, [...values, Date.now()]));
      if (deleted > 0) return recordUnlessDamaged(row);
    }
  }

  async listByUser(userId: string, options: ListOptions): Promise<RecordPage> {
    assertPage(userId, options);
    const { kind, limit, after } = options;
    const size = sizeFor(limit + 1);
    const values = [userId, kind, Date.now()];
    const found = await (after === undefined
      ? this.#statements.all(this.#queries.list(size), values)
      : this.#statements.all(this.#queries.listAfter(size), [...values, after]));
    const page: RecordPage = { records: [], damaged: [], next: null };
    const listed = found.slice(0, limit);
    for (const one of listed) {
      const id = idOf(one);
      const record = recordUnlessDamaged(rowOf(one));
      if (record) page.records.push({ id, ...record });
      else page.damaged.push(id);
    }
    if (found.length > limit) page.next = idOf(listed.at(-1)!);
    return page;
  }

  /** Runs two statements, because MySQL does not support a DELETE whose subquery reads the same table with a LIMIT. */
  async destroyByUser(
    userId: string,
    options: { kind: string; limit: number },
  ): Promise<{ ended: number; more: boolean }> {
    assertPage(userId, options);
    const { kind, limit } = options;
    const { idsOfUser, deleteOfUser } = this.#queries;
    const values = [userId, kind, Date.now()];
    const found = await this.#statements.all(idsOfUser(sizeFor(limit + 1)), values);
    const ids = found.slice(0, limit).map(idOf);
    let ended = 0;
    for (let i = 0; i < ids.length; i += BATCH)
      ended += await deleteRows(this.#statements, deleteOfUser, ids.slice(i, i + BATCH), values);
    return { ended, more: found.length > limit };
  }

  /**
   * Removes expired rows in batches. Of several processes that call this at once, only one removes rows; for the others
   * it resolves with 0. If a process is killed while it prunes, no other can prune for 30 seconds.
   */
  prune({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}): Promise<number> {
    return this.#pruner.prune(limit);
  }

  /**
   * Stops the regular pruning. A prune that is running ends after its current batch; `close()` waits for that, at most
   * for the option `timeout`. It does not close the database.
   */
  async close(): Promise<void> {
    this.#timer?.stop();
    await this.#pruner.stop(this.#timeout);
  }

  #find(id: string): Promise<Row | null> {
    return findLive(this.#statements, this.#queries, id);
  }
}

function recordUnlessDamaged(row: Row): SessionRecord | null {
  try {
    return recordOf(row);
  } catch (error) {
    if (isLatchkeyError(error, "record_damaged")) return null;
    throw error;
  }
}
