import { LRUCache } from "lru-cache";
import type { SessionRecord } from "../../src/store/session-store.js";

/**
 * Holds records by id, and ids by user, up to a maximum number of records. The data of the records is frozen and shared
 * by all readers.
 */
export class MemoryRecords {
  readonly #max: number;
  #lru: LRUCache<string, SessionRecord> | undefined;
  /**
   * A single id is stored without a set. Most users have only one record, and a set would need a quarter of the memory
   * of the record.
   */
  readonly #idsByUser = new Map<string, string | Set<string>>();

  constructor(max: number) {
    this.#max = max;
  }

  /** The cache is created at the first use, because it allocates the space for all records at once. */
  get #records(): LRUCache<string, SessionRecord> {
    this.#lru ??= new LRUCache({
      max: this.#max,
      dispose: (record, id) => this.#removeFromIndex(record.userId, id),
    });
    return this.#lru;
  }

  /** Returns the live record itself, not a copy. */
  find(id: string): SessionRecord | undefined {
    const record = this.#records.get(id);
    if (record === undefined || record.expiresAt > Date.now()) return record;
    this.#records.delete(id);
    return undefined;
  }

  put(id: string, record: SessionRecord): void {
    this.#records.set(id, record);
    const { userId } = record;
    if (userId === null) return;
    const ids = this.#idsByUser.get(userId);
    if (ids instanceof Set) ids.add(id);
    else if (ids === undefined) this.#idsByUser.set(userId, id);
    else if (ids !== id) this.#idsByUser.set(userId, new Set([ids, id]));
  }

  delete(id: string): void {
    this.#records.delete(id);
  }

  /** Returns the ids of a user's live records, in alphabetical order. */
  idsOf(userId: string): string[] {
    const ids = this.#idsByUser.get(userId) ?? [];
    const now = Date.now();
    const live = (id: string) => (this.#records.peek(id)?.expiresAt ?? 0) > now;
    return (typeof ids === "string" ? [ids] : [...ids]).filter(live).sort();
  }

  /** Returns the record itself, not a copy. This does not count as a use of the record. */
  peek(id: string): SessionRecord {
    return this.#records.peek(id)!;
  }

  prune(limit: number): number {
    const now = Date.now();
    let removed = 0;
    for (const id of this.#records.rkeys()) {
      if (removed >= limit) break;
      if (this.peek(id).expiresAt <= now && this.#records.delete(id)) removed++;
    }
    return removed;
  }

  clear(): void {
    this.#lru?.clear();
  }

  #removeFromIndex(userId: string | null, id: string): void {
    if (userId === null) return;
    const ids = this.#idsByUser.get(userId);
    if (ids === id || (ids instanceof Set && ids.delete(id) && ids.size === 0)) this.#idsByUser.delete(userId);
  }
}
