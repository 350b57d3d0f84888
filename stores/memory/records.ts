import { LRUCache } from "lru-cache";
import type { SessionRecord } from "../../src/store/session-store.js";

/** Records by their ids, and the ids by user: so many at most. Their data is frozen and shared by all who read it. */
export class MemoryRecords {
  readonly #max: number;
  #lru: LRUCache<string, SessionRecord> | undefined;
  /** Most users have one record, and a set of one would take a quarter of the memory that the record takes. */
  readonly #idsByUser = new Map<string, string | Set<string>>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Made at the first use, because it allocates the space for all records at once. */
  get #records(): LRUCache<string, SessionRecord> {
    this.#lru ??= new LRUCache({
      max: this.#max,
      dispose: (record, id) => this.#removeFromIndex(record.userId, id),
    });
    return this.#lru;
  }

  /** The live record itself. */
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

  /** The ids of a user's live records, in alphabetical order. */
  idsOf(userId: string): string[] {
    const ids = this.#idsByUser.get(userId) ?? [];
    const now = Date.now();
    const live = (id: string) => (this.#records.peek(id)?.expiresAt ?? 0) > now;
    return (typeof ids === "string" ? [ids] : [...ids]).filter(live).sort();
  }

  /** The live record itself, which does not count as a use. */
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
