import { SessionExistsError } from "../../src/errors.js";
import { frozenCopy } from "../../src/json.js";
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
   * How many records of each kind are kept: sessions of users, remembered browsers, and apart from them the sessions of anonymous
   * visitors. Past that, the record that was unused for longest is dropped.
   *
   * @default 100_000
   */
  maxOfKind?: number;
}

const PRUNE_INTERVAL = 60_000;

/**
 * Keeps sessions and remembered browsers in this process: for development, tests and single small servers.
 *
 * Bounded and expiring. Its records end with the process, and another process does not see them.
 */
export class MemoryStore implements SessionStore {
  readonly #max: number;
  /** By kind. The sessions of visitors have a place of their own, so that many visitors end no login. */
  readonly #records = new Map<string, MemoryRecords>();
  readonly #pruning: NodeJS.Timeout;

  /** @throws TypeError for a bound that is not a whole number above zero */
  constructor({ maxOfKind = 100_000 }: MemoryStoreOptions = {}) {
    if (!Number.isInteger(maxOfKind) || maxOfKind < 1) {
      throw new TypeError(`maxOfKind must be a whole number above zero, not ${String(maxOfKind)}`);
    }
    this.#max = maxOfKind;
    if (process.env.NODE_ENV === "production") {
      process.emitWarning(
        "MemoryStore keeps sessions in this process alone: they end when it does, and other processes do not see them",
        "LatchkeyMemoryStoreWarning",
      );
    }
    this.#pruning = pruneWhileUsed(this);
  }

  async create(id: string, record: SessionRecord): Promise<void> {
    assertId("id", id);
    assertRecord(record);
    if (this.#find(id)) throw new SessionExistsError();
    const { kind, userId, data, createdAt, lastSeenAt, expiresAt, revision } = record;
    const held = { kind, userId, data: frozenCopy(data), createdAt, lastSeenAt, expiresAt, revision };
    this.#recordsOf(held).put(id, held);
  }

  async read(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    const record = this.#find(id);
    return record ? { ...record } : null;
  }

  async update(id: string, update: SessionUpdate): Promise<boolean> {
    assertId("id", id);
    assertUpdate(update);
    const { data, lastSeenAt, expiresAt, revision } = update;
    const record = this.#find(id);
    if (record?.revision !== revision) return false;
    Object.assign(record, { data: frozenCopy(data), lastSeenAt, expiresAt, revision: revision + 1 });
    return true;
  }

  async touch(id: string, times: SessionTimes): Promise<boolean> {
    assertId("id", id);
    assertTimes(times);
    const record = this.#find(id);
    if (!record) return false;
    record.lastSeenAt = Math.max(record.lastSeenAt, times.lastSeenAt);
    record.expiresAt = Math.max(record.expiresAt, times.expiresAt);
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

  /** Drops all records, and stops the timer. */
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
    const place = userId === null ? `${kind} of nobody` : kind;
    let records = this.#records.get(place);
    if (!records) {
      records = new MemoryRecords(this.#max);
      this.#records.set(place, records);
    }
    return records;
  }
}

/** Prunes a store every minute until nothing refers to it any more, which may be before the process ends: tests make many. */
function pruneWhileUsed(store: MemoryStore): NodeJS.Timeout {
  const used = new WeakRef(store);
  const timer = setInterval(() => {
    const found = used.deref();
    if (!found) return clearInterval(timer);
    void found.prune();
  }, PRUNE_INTERVAL).unref();
  return timer;
}
