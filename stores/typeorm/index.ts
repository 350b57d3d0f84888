import type { DataSource } from "typeorm";
import { assertRecord, assertSeen, nextRevision } from "../../src/store/arguments.js";
import type { RememberTokenStore } from "../../src/store/remember-token-store.js";
import type { SessionRecord, SessionStore, StoredSession } from "../../src/store/session-store.js";
import { decoded } from "../undecodable.js";
import { TypeOrmRememberTokens } from "./remember-tokens.js";
import { type SessionRow, TABLE_PREFIX } from "./schema.js";
import { TypeOrmTable } from "./table.js";

export {
  CreateLatchkeyTables1700000000000,
  type LatchkeyEntitiesOptions,
  latchkeyEntities,
} from "./schema.js";

/** Options of the TypeOrmStore. */
export interface TypeOrmStoreOptions {
  /**
   * An initialized data source whose entities hold those of `latchkeyEntities({ type, tablePrefix })`. The store neither opens nor
   * closes it.
   */
  dataSource: DataSource;
  /** Before the tables' names, `sessions` and `remember_tokens`. @default "latchkey_" */
  tablePrefix?: string;
  /** Prune both tables about this often, in milliseconds, with jitter; `close()` stops it. @default never */
  pruneEvery?: number;
}

/** With jitter it still fits a timer. */
const LONGEST_INTERVAL = 2 ** 30;

/**
 * Keeps sessions and remembered browsers in two tables, by TypeORM 1.x or 0.3: SQLite, PostgreSQL, MySQL, MariaDB. One row each.
 */
export class TypeOrmStore implements SessionStore {
  readonly rememberTokens: RememberTokenStore;
  readonly #table: TypeOrmTable<SessionRow, SessionRecord>;
  #timer: NodeJS.Timeout | undefined;

  constructor({ dataSource, tablePrefix = TABLE_PREFIX, pruneEvery }: TypeOrmStoreOptions) {
    if (!dataSource?.isInitialized) throw new TypeError("dataSource must be an initialized DataSource");
    if (pruneEvery !== undefined && !(pruneEvery > 0 && pruneEvery <= LONGEST_INTERVAL)) {
      throw new TypeError(`pruneEvery must be between 1 and ${LONGEST_INTERVAL} ms, not ${String(pruneEvery)}`);
    }
    this.#table = new TypeOrmTable<SessionRow, SessionRecord>(dataSource, `${tablePrefix}sessions`, { toRow, fromRow });
    this.rememberTokens = new TypeOrmRememberTokens(dataSource, `${tablePrefix}remember_tokens`);
    if (pruneEvery !== undefined) this.#pruneLater(pruneEvery);
  }

  create(id: string, record: SessionRecord): Promise<void> {
    return this.#table.create(id, record);
  }

  read(id: string): Promise<SessionRecord | null> {
    return this.#table.read(id);
  }

  async update(id: string, record: SessionRecord): Promise<boolean> {
    const next = nextRevision(record);
    return this.#table.replace(id, next, "AND revision = :replaced", { replaced: record.revision });
  }

  async touch(id: string, seen: Pick<SessionRecord, "lastSeenAt" | "expiresAt">): Promise<boolean> {
    assertSeen(seen);
    return this.#table.change(id, {
      lastSeenAt: () => later("last_seen_at", seen.lastSeenAt),
      expiresAt: () => later("expires_at", seen.expiresAt),
    });
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

  /** Stops pruning by itself. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #pruneLater(every: number): void {
    const jittered = every * (0.5 + Math.random());
    this.#timer = setTimeout(async () => {
      // One after the other, each by itself: what fails is tried again the next time.
      await this.prune().catch(() => {});
      await this.rememberTokens.prune().catch(() => {});
      if (this.#timer) this.#pruneLater(every);
    }, jittered).unref();
  }
}

function later(column: string, instant: number): string {
  return `CASE WHEN ${column} < ${instant} THEN ${instant} ELSE ${column} END`;
}

function toRow(id: string, record: SessionRecord): SessionRow {
  assertRecord(record);
  const { userId, data, createdAt, lastSeenAt, expiresAt, revision } = record;
  return { id, userId, data: JSON.stringify(data), createdAt, lastSeenAt, expiresAt, revision };
}

function fromRow({ userId, data, createdAt, lastSeenAt, expiresAt, revision }: SessionRow): SessionRecord {
  return { userId, data: decoded(() => JSON.parse(data)), createdAt, lastSeenAt, expiresAt, revision };
}
