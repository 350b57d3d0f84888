import { assertRecord, assertSeen, nextRevision } from "../../src/store/arguments.js";
import type { RememberTokenStore } from "../../src/store/remember-token-store.js";
import type { SessionRecord, SessionStore, StoredSession } from "../../src/store/session-store.js";
import { decoded } from "../undecodable.js";
import { assertDatabase, type SqlDatabase } from "./database.js";
import { type SqlTablesOptions, statements } from "./ddl.js";
import { given } from "./given.js";
import { SqlRememberTokens } from "./remember-tokens.js";
import { retried } from "./statements.js";
import { type ListedRow, SqlTable } from "./table.js";

/** Options of the SqlStore. */
export interface SqlStoreOptions extends SqlTablesOptions {
  /** Remove expired rows about this often, in milliseconds, with jitter; `close()` stops it. @default never */
  pruneEvery?: number | undefined;
  /**
   * How long one statement may take, in milliseconds. After that, `pg(pool)` and `mysql2(pool)` close its connection, so that the pool
   * can open another. Use the value of `storeTimeout`.
   *
   * @default 2000
   */
  timeout?: number | undefined;
}

/** One row of the table of sessions. */
type SessionRow = ListedRow & { lastSeenAt: number; revision: number };

/** With jitter, this still fits a timer. */
const LONGEST_INTERVAL = 2 ** 30;
const TIMEOUT = 2000;
const MIGRATE_TRIES = 5;
const MIGRATE_TIMEOUT = 60_000;

/**
 * Keeps sessions and remembered browsers in two tables of SQLite, PostgreSQL, MySQL or MariaDB, through any driver or query builder. A
 * record is one row, and needs no transaction.
 *
 * @example
 * ```ts
 * const store = new SqlStore(pg(pool), { pruneEvery: 15 * 60_000 });
 * await store.migrate();
 * ```
 */
export class SqlStore implements SessionStore {
  readonly rememberTokens: RememberTokenStore;
  readonly #database: SqlDatabase;
  readonly #table: SqlTable<SessionRow, SessionRecord>;
  readonly #options: SqlStoreOptions;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param database what `pg(pool)` or another of the functions for drivers gives. The store neither opens nor closes it.
   * @throws TypeError if the database has not the shape of a SqlDatabase, or an option is invalid
   */
  constructor(database: SqlDatabase, options: SqlStoreOptions = {}) {
    assertDatabase(database);
    const { pruneEvery, timeout = TIMEOUT, ...where } = options;
    if (pruneEvery !== undefined) assertInterval("pruneEvery", pruneEvery);
    assertInterval("timeout", timeout);
    this.#database = database;
    this.#options = options;
    this.#table = new SqlTable(database, { ...where, table: "sessions", timeout }, { toRow, fromRow });
    this.rememberTokens = new SqlRememberTokens(database, { ...where, table: "remember_tokens", timeout });
    if (pruneEvery !== undefined) this.#pruneLater(pruneEvery);
  }

  /**
   * Creates the tables and their indexes if they are missing. It may be called at every start, by several processes at once. For
   * migrations of your own, `ddl()` gives the statements as text.
   */
  async migrate(): Promise<void> {
    // Of several processes that create one table at once, PostgreSQL lets all but one fail, each with another error.
    const mayPass = () => true;
    for (const statement of statements(this.#database.dialect, this.#options))
      await retried(MIGRATE_TRIES, () => this.#database.run(statement, [], MIGRATE_TIMEOUT), mayPass);
  }

  create(id: string, record: SessionRecord): Promise<void> {
    return this.#table.create(id, record);
  }

  read(id: string): Promise<SessionRecord | null> {
    return this.#table.read(id);
  }

  async update(id: string, record: SessionRecord): Promise<boolean> {
    return this.#table.replace(id, nextRevision(record), { revision: record.revision });
  }

  async touch(id: string, seen: Pick<SessionRecord, "lastSeenAt" | "expiresAt">): Promise<boolean> {
    assertSeen(seen);
    const { lastSeenAt, expiresAt } = seen;
    return this.#table.raise(id, { lastSeenAt, expiresAt });
  }

  destroy(id: string): Promise<boolean> {
    return this.#table.destroy(id);
  }

  listByUser(userId: string): Promise<StoredSession[]> {
    return this.#table.listByUser(userId);
  }

  destroyByUser(userId: string, options?: { except?: string }): Promise<number> {
    return this.#table.destroyByUser(userId, options);
  }

  prune(options?: { limit?: number }): Promise<number> {
    return this.#table.prune(options);
  }

  /** Stops the regular pruning. It does not close the database. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #pruneLater(every: number): void {
    const jittered = every * (0.5 + Math.random());
    this.#timer = setTimeout(async () => {
      // One after the other, each on its own: what fails is tried again the next time.
      await this.prune().catch(() => {});
      await this.rememberTokens.prune().catch(() => {});
      if (this.#timer) this.#pruneLater(every);
    }, jittered).unref();
  }
}

function assertInterval(name: string, value: unknown): void {
  if (typeof value === "number" && value > 0 && value <= LONGEST_INTERVAL) return;
  const shown = typeof value === "number" ? String(value) : given(value);
  throw new TypeError(`${name} must be between 1 and ${LONGEST_INTERVAL} ms, not ${shown}`);
}

function toRow(id: string, record: SessionRecord): SessionRow {
  assertRecord(record);
  const { userId, data, createdAt, lastSeenAt, expiresAt, revision } = record;
  return { id, userId, data: JSON.stringify(data), createdAt, lastSeenAt, expiresAt, revision };
}

function fromRow({ userId, data, createdAt, lastSeenAt, expiresAt, revision }: SessionRow): SessionRecord {
  return { userId, data: decoded(() => JSON.parse(data)), createdAt, lastSeenAt, expiresAt, revision };
}
