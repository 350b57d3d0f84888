import { Between, type DataSource, MoreThan } from "typeorm";
import { assertId, assertRecord, assertSeen, SessionExistsError } from "../src/errors.js";
import type { SessionRecord, SessionStore, StoredSession } from "../src/session-store.js";
import { entityName, type SessionRow, TABLE } from "./typeorm-schema.js";

export { CreateLatchkeySessions1700000000000, type SessionSchemaOptions, sessionSchema } from "./typeorm-schema.js";

/** Options of the TypeOrmStore. */
export interface TypeOrmStoreOptions {
  /** An initialized data source whose entities hold `sessionSchema(tableName)`. The store neither opens nor closes it. */
  dataSource: DataSource;
  /** The table. @default "latchkey_sessions" */
  tableName?: string;
  /** Prune about this often, in milliseconds, with jitter; `close()` stops it. @default never */
  pruneEvery?: number;
}

const LARGEST_PRUNE_BATCH = 500;
const SMALLEST_PRUNE_BATCH = 10;
/** A statement of a prune that took longer than this, in milliseconds, is followed by a smaller one. */
const LONG_STATEMENT = 15;
/** With jitter it still fits a timer. */
const LONGEST_INTERVAL = 2 ** 30;
const TRIES = 4;
/** Deadlocks, serialization failures, lock timeouts and busy files, by the drivers' names. */
const PASSING = new Set([
  "40001",
  "40P01",
  "55P03",
  "ER_LOCK_DEADLOCK",
  "ER_LOCK_WAIT_TIMEOUT",
  "SQLITE_BUSY",
  "SQLITE_LOCKED",
]);

/** Keeps sessions in a table, by TypeORM 1.x or 0.3: SQLite, PostgreSQL, MySQL, MariaDB. One row a session. */
export class TypeOrmStore implements SessionStore {
  readonly #dataSource: DataSource;
  readonly #entity: string;
  #timer: NodeJS.Timeout | undefined;

  constructor({ dataSource, tableName = TABLE, pruneEvery }: TypeOrmStoreOptions) {
    this.#entity = entityName(tableName);
    if (!dataSource?.isInitialized) throw new TypeError("dataSource must be an initialized DataSource");
    if (!dataSource.hasMetadata(this.#entity)) {
      throw new TypeError(`dataSource does not know the table ${tableName}: put sessionSchema() into its entities`);
    }
    if (pruneEvery !== undefined && !(pruneEvery > 0 && pruneEvery <= LONGEST_INTERVAL)) {
      throw new TypeError(`pruneEvery must be between 1 and ${LONGEST_INTERVAL} ms, not ${String(pruneEvery)}`);
    }
    this.#dataSource = dataSource;
    if (pruneEvery !== undefined) this.#pruneLater(pruneEvery);
  }

  async create(id: string, record: SessionRecord): Promise<void> {
    assertId("id", id);
    const row = toRow(id, record);
    try {
      await retried(() => this.#rows.insert(row));
    } catch (error) {
      if (isPassing(error) || !(await retried(() => this.#rows.findOneBy({ id })))) throw error;
      // An expired row that was not pruned yet counts as absent, and is taken over.
      const takenOver = await this.#update(id, row, "expires_at <= :now");
      if (!takenOver) throw new SessionExistsError();
    }
  }

  async read(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    const row = await retried(() => this.#rows.findOneBy({ id }));
    return row && row.expiresAt > Date.now() ? fromRow(row) : null;
  }

  async update(id: string, record: SessionRecord): Promise<boolean> {
    assertId("id", id);
    return this.#update(id, toRow(id, record), "expires_at > :now");
  }

  async touch(id: string, seen: Pick<SessionRecord, "lastSeenAt" | "expiresAt">): Promise<boolean> {
    assertId("id", id);
    assertSeen(seen);
    const changes = {
      lastSeenAt: () => later("last_seen_at", seen.lastSeenAt),
      expiresAt: () => later("expires_at", seen.expiresAt),
    };
    return this.#update(id, changes, "expires_at > :now");
  }

  async destroy(id: string): Promise<boolean> {
    assertId("id", id);
    return (await this.#delete("id = :id AND expires_at > :now", { id })) > 0;
  }

  async listByUser(userId: string): Promise<StoredSession[]> {
    assertId("userId", userId);
    const live = { userId, expiresAt: MoreThan(Date.now()) };
    const rows = await retried(() => this.#rows.find({ where: live, order: { createdAt: "DESC" } }));
    return rows.map((row) => ({ id: row.id, ...fromRow(row) }));
  }

  async destroyByUser(userId: string, { except }: { except?: string } = {}): Promise<number> {
    assertId("userId", userId);
    if (except !== undefined) assertId("except", except);
    const others = except === undefined ? "" : "AND id <> :except";
    return this.#delete(`user_id = :userId AND expires_at > :now ${others}`, { userId, except });
  }

  async prune({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}): Promise<number> {
    const now = Date.now();
    let removed = 0;
    let from = 0;
    for (let batch = SMALLEST_PRUNE_BATCH; removed < limit; ) {
      const start = performance.now();
      // By the index, and not again over the removed rows that it still holds.
      const where = { expiresAt: Between(from, now) };
      const take = Math.min(batch, limit - removed);
      const select = { id: true, expiresAt: true };
      const rows = await retried(() => this.#rows.find({ select, where, order: { expiresAt: "ASC" }, take }));
      if (rows.length === 0) break;
      from = rows.at(-1)!.expiresAt;
      // In one order, so that processes which prune at once do not lock each other out.
      const ids = rows.map(({ id }) => id).sort();
      removed += await this.#delete("id IN (:...ids) AND expires_at <= :now", { ids });
      const long = performance.now() - start > LONG_STATEMENT;
      batch = long ? Math.max(SMALLEST_PRUNE_BATCH, batch >> 1) : Math.min(LARGEST_PRUNE_BATCH, batch + 10);
      // An embedded database answers within the same turn of the event loop.
      await new Promise(setImmediate);
    }
    return removed;
  }

  /** Stops pruning by itself. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #update(id: string, changes: object, condition: string): Promise<boolean> {
    const query = () =>
      this.#rows.createQueryBuilder().update().set(changes).where(`id = :id AND ${condition}`, { id, now: Date.now() });
    return ((await retried(() => query().execute())).affected ?? 0) > 0;
  }

  async #delete(condition: string, parameters: object): Promise<number> {
    const query = () =>
      this.#rows
        .createQueryBuilder()
        .delete()
        .where(condition, { ...parameters, now: Date.now() });
    return (await retried(() => query().execute())).affected ?? 0;
  }

  get #rows() {
    return this.#dataSource.getRepository<SessionRow>(this.#entity);
  }

  #pruneLater(every: number): void {
    const jittered = every * (0.5 + Math.random());
    this.#timer = setTimeout(async () => {
      await this.prune().catch(() => {}); // the next one tries again
      if (this.#timer) this.#pruneLater(every);
    }, jittered).unref();
  }
}

/** Tries again what failed because others were at it. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (tried === TRIES || !isPassing(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2 ** tried * 5 * (0.5 + Math.random())));
    }
  }
}

function isPassing(error: unknown): boolean {
  const { code, driverError } = error as { code?: string; driverError?: { code?: string } };
  return PASSING.has(code ?? "") || PASSING.has(driverError?.code ?? "");
}

function later(column: string, instant: number): string {
  return `CASE WHEN ${column} < ${instant} THEN ${instant} ELSE ${column} END`;
}

function toRow(id: string, record: SessionRecord): SessionRow {
  assertRecord(record);
  const { userId, data, createdAt, lastSeenAt, expiresAt } = record;
  return { id, userId, data: JSON.stringify(data), createdAt, lastSeenAt, expiresAt };
}

function fromRow({ userId, data, createdAt, lastSeenAt, expiresAt }: SessionRow): SessionRecord {
  return { userId, data: JSON.parse(data), createdAt, lastSeenAt, expiresAt };
}
