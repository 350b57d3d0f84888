import { SessionExistsError } from "../../src/errors.js";
import { assertId, assertPage, assertRecord, assertTimes, assertUpdate } from "../../src/store/arguments.js";
import type {
  ListOptions,
  RecordPage,
  SessionRecord,
  SessionStore,
  SessionTimes,
  SessionUpdate,
} from "../../src/store/session-store.js";
import { MemoryRecords } from "./records.js";

/** Options of the MemoryStore. */
export interface MemoryStoreOptions {
  /**
   * The maximum number of records of each kind. Sessions of users, remembered browsers and sessions of anonymous
   * visitors are counted separately. Above the maximum, the least recently used record is deleted.
   *
   * @default 100_000
   */
  maxOfKind?: number;
}

const PRUNE_INTERVAL = 60_000;

/**
 * Keeps sessions and remembered browsers in the memory of this process. Use it for development, tests and small servers
 * with one process.
 *
 * The number of records is limited, and expired records are removed. All records are lost when the process ends, and
 * other processes do not see them.
 */
export class MemoryStore implements SessionStore {
  readonly #max: number;
  /**
   * The records by kind. Sessions of anonymous visitors have their own maximum, so that many visitors cannot push out
   * the sessions of logged-in users.
   */
  readonly #records = new Map<string, MemoryRecords>();
  readonly #pruning: NodeJS.Timeout;

  /** @throws TypeError if `maxOfKind` is not a whole number above zero */
  constructor({ maxOfKind = 100_000 }: MemoryStoreOptions = {}) {
    if (!Number.isInteger(maxOfKind) || maxOfKind < 1) {
      throw new TypeError(`maxOfKind must be a whole number above zero, not ${String(maxOfKind)}`);
    }
    this.#max = maxOfKind;
    if (process.env.NODE_ENV === "production") {
      process.emitWarning(
        "MemoryStore keeps sessions in this process only: they are lost when it ends, " +
          "and other processes do not see them",
        "LatchkeyMemoryStoreWarning",
      );
    }
    this.#pruning = pruneWhileUsed(this);
  }

  async create(id: string, record: SessionRecord): Promise<void> {
    assertId("id", id);
    assertRecord(record);
    if (this.#find(id)) throw new SessionExistsError();
    this.#recordsOf(record).put(id, record);
  }

  async read(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    return this.#find(id) ?? null;
  }

  async update(id: string, update: SessionUpdate): Promise<boolean> {
    assertId("id", id);
    assertUpdate(update);
    const { data, lastSeenAt, expiresAt, revision } = update;
    const record = this.#find(id);
    if (record?.revision !== revision) return false;
    this.#recordsOf(record).put(id, { ...record, data, lastSeenAt, expiresAt, revision: revision + 1 });
    return true;
  }

  async touch(id: string, times: SessionTimes): Promise<boolean> {
    assertId("id", id);
    assertTimes(times);
    const record = this.#find(id);
    if (!record) return false;
    const lastSeenAt = Math.max(record.lastSeenAt, times.lastSeenAt);
    const expiresAt = Math.max(record.expiresAt, times.expiresAt);
    this.#recordsOf(record).move(id, { ...record, lastSeenAt, expiresAt });
    return true;
  }

  async destroy(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    const record = this.#find(id);
    if (!record) return null;
    this.#recordsOf(record).delete(id);
    return record;
  }

  async listByUser(userId: string, options: ListOptions): Promise<RecordPage> {
    assertPage(userId, options);
    const { kind, limit, after } = options;
    const records = this.#recordsOf({ kind, userId });
    const ids = records.idsOf(userId).filter((id) => after === undefined || id > after);
    const page = ids.slice(0, limit);
    return {
      records: page.map((id) => ({ id, ...records.peek(id) })),
      damaged: [],
      next: ids.length > page.length ? page.at(-1)! : null,
    };
  }

  async destroyByUser(
    userId: string,
    options: { kind: string; limit: number },
  ): Promise<{ ended: number; more: boolean }> {
    assertPage(userId, options);
    const { kind, limit } = options;
    const records = this.#recordsOf({ kind, userId });
    const ids = records.idsOf(userId);
    const ending = ids.slice(0, limit);
    for (const id of ending) records.delete(id);
    return { ended: ending.length, more: ids.length > ending.length };
  }

  async prune({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}): Promise<number> {
    let removed = 0;
    for (const records of this.#records.values()) removed += records.prune(limit - removed);
    return removed;
  }

  /** Deletes all records and stops the timer. */
  async close(): Promise<void> {
    clearInterval(this.#pruning);
    for (const records of this.#records.values()) records.clear();
  }

  #find(id: string): SessionRecord | undefined {
    for (const records of this.#records.values()) {
      const record = records.find(id);
      if (record) return record;
    }
    return undefined;
  }

  #recordsOf({ kind, userId }: Pick<SessionRecord, "kind" | "userId">): MemoryRecords {
    const key = userId === null ? `${kind} of nobody` : kind;
    let records = this.#records.get(key);
    if (!records) {
      records = new MemoryRecords(kind, this.#max);
      this.#records.set(key, records);
    }
    return records;
  }
}

/**
 * Prunes a store every minute until the store is garbage collected. The timer holds only a weak reference, because
 * tests create many stores in one process.
 */
function pruneWhileUsed(store: MemoryStore): NodeJS.Timeout {
  const used = new WeakRef(store);
  const timer = setInterval(() => {
    const found = used.deref();
    if (!found) return clearInterval(timer);
    void found.prune();
  }, PRUNE_INTERVAL).unref();
  return timer;
}
