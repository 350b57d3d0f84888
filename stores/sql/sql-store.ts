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
import { given } from "../given.js";
import { BATCH, deleteExpired, deleteRows, sizeFor } from "./batches.js";
import { pruneAfter } from "./columns.js";
import { assertDatabase, type SqlDatabase, type SqlValue } from "./database.js";
import type { SqlTablesOptions } from "./ddl.js";
import { createMissing } from "./migration.js";
import { type Queries, queriesFor } from "./queries.js";
import { idOf, type Row, recordOf, rowOf } from "./rows.js";
import { Statements } from "./statements.js";

/** Options of the SqlStore. */
export interface SqlStoreOptions extends SqlTablesOptions {
  /** How often expired rows are removed, in milliseconds, with random jitter. `close()` stops it. @default never */
  pruneEvery?: number | undefined;
  /**
   * How long one statement may take, in milliseconds. After that, `pg(pool)` and `mysql2(pool)` close its connection,
   * so that the pool can open another. Use the same value as for `storeTimeout`.
   *
   * @default 2000
   */
  timeout?: number | undefined;
}

/** The longest interval that still fits a timer after jitter is added. */
const LONGEST_INTERVAL = 2 ** 30;
const TIMEOUT = 2000;
const CREATE_TRIES = 3;
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
  readonly #pruning: Statements;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param database the result of `pg(pool)` or another driver function. The store neither opens nor closes it.
   * @throws TypeError if the database is not a SqlDatabase, or an option is invalid
   */
  constructor(database: SqlDatabase, options: SqlStoreOptions = {}) {
    assertDatabase(database);
    const { pruneEvery, timeout = TIMEOUT } = options;
    if (pruneEvery !== undefined) assertInterval("pruneEvery", pruneEvery);
    assertInterval("timeout", timeout);
    this.#database = database;
    this.#options = options;
    this.#queries = queriesFor(database.dialect, options);
    this.#statements = new Statements(database, timeout);
    this.#pruning = new Statements(database, Math.max(timeout, PRUNE_TIMEOUT));
    if (pruneEvery !== undefined) this.#pruneLater(pruneEvery);
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
    const row = [id, kind, userId, JSON.stringify(data), ...instants, revision];
    const created = await (this.#database.dialect === "mysql" ? this.#createOnMySql(id, row) : this.#upsert(row));
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
    const changed = [JSON.stringify(data), lastSeenAt, expiresAt, pruneAfter(expiresAt), revision + 1];
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

  prune({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}): Promise<number> {
    return deleteExpired(this.#pruning, this.#queries, limit);
  }

  /** Stops the regular pruning. It does not close the database. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Returns the row if it has not expired, otherwise null. */
  async #find(id: string): Promise<Row | null> {
    const [found] = await this.#statements.all(this.#queries.read, [id]);
    const row = found && rowOf(found);
    return row && row.expiresAt > Date.now() ? row : null;
  }

  async #upsert(row: readonly SqlValue[]): Promise<boolean> {
    return (await this.#statements.run(this.#queries.insert, [...row, Date.now()])) > 0;
  }

  /**
   * With the flag FOUND_ROWS, MySQL returns the same count for an upsert that inserted a row and for one that changed
   * nothing. So this method runs an INSERT, and runs other statements only if the INSERT fails.
   */
  async #createOnMySql(id: string, row: readonly SqlValue[]): Promise<boolean> {
    for (let tried = 1; ; tried++) {
      try {
        return (await this.#statements.run(this.#queries.insert, row)) > 0;
      } catch (error) {
        if (this.#statements.isTransient(error)) throw error;
        await this.#statements.run(this.#queries.deleteExpired, [id, Date.now()]);
        if (await this.#find(id)) return false;
        if (tried === CREATE_TRIES) throw error;
      }
    }
  }

  #pruneLater(every: number): void {
    const jittered = every * (0.5 + Math.random());
    this.#timer = setTimeout(async () => {
      await this.prune().catch(() => {}); // the next run tries again
      if (this.#timer) this.#pruneLater(every);
    }, jittered).unref();
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

function assertInterval(name: string, value: unknown): void {
  if (typeof value === "number" && value > 0 && value <= LONGEST_INTERVAL) return;
  const shown = typeof value === "number" ? String(value) : given(value);
  throw new TypeError(`${name} must be between 1 and ${LONGEST_INTERVAL} ms, not ${shown}`);
}
