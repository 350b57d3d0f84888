import { LRUCache } from "lru-cache";
import { frozen, type JsonObject } from "../../src/json.js";
import type { SessionRecord } from "../../src/store/session-store.js";
import { dataIn, expiryIn, packRecord, partsIn, repackRecord, userIdIn } from "./packed-record.js";

/** How many records in use are kept unpacked too, so that a session is not unpacked for each request. */
const MAX_UNPACKED = 1000;

/**
 * Holds the records of one kind by id, and ids by user, up to a maximum number of records. The data of the records is
 * frozen and shared by all readers.
 */
export class MemoryRecords {
  readonly #kind: string;
  readonly #max: number;
  /** The records as text. */
  #lru: LRUCache<string, string> | undefined;
  /** The data of records in use, with the text that it was read from. */
  readonly #unpacked = new LRUCache<string, { text: string; data: JsonObject }>({ max: MAX_UNPACKED });
  /**
   * A single id is stored without a set. Most users have only one record, and a set would need a quarter of the memory
   * of the record.
   */
  readonly #idsByUser = new Map<string, string | Set<string>>();

  constructor(kind: string, max: number) {
    this.#kind = kind;
    this.#max = max;
  }

  /** The cache is created at the first use, because it allocates the space for all records at once. */
  get #records(): LRUCache<string, string> {
    this.#lru ??= new LRUCache({
      max: this.#max,
      dispose: (text, id) => this.#removed(id, text),
      noDisposeOnSet: true,
    });
    return this.#lru;
  }

  /** Returns the live record, or undefined. */
  find(id: string): SessionRecord | undefined {
    const text = this.#records.get(id);
    if (text === undefined) return undefined;
    if (expiryIn(text) > Date.now()) return this.#read(id, text);
    this.#records.delete(id);
    return undefined;
  }

  /** Adds or replaces a record. The data is copied. */
  put(id: string, record: SessionRecord): void {
    this.#records.set(id, packRecord(record, record.data));
    const { userId } = record;
    if (userId === null) return;
    const ids = this.#idsByUser.get(userId);
    if (ids instanceof Set) ids.add(id);
    else if (ids === undefined) this.#idsByUser.set(userId, id);
    else if (ids !== id) this.#idsByUser.set(userId, new Set([ids, id]));
  }

  /** Replaces the parts of a record except its data. */
  move(id: string, record: SessionRecord): void {
    this.#records.set(id, repackRecord(this.#records.get(id)!, record));
  }

  delete(id: string): void {
    this.#records.delete(id);
  }

  /** Returns the ids of a user's live records, in alphabetical order. */
  idsOf(userId: string): string[] {
    const ids = this.#idsByUser.get(userId) ?? [];
    const now = Date.now();
    const live = (id: string) => this.#expiryOf(id) > now;
    return (typeof ids === "string" ? [ids] : [...ids]).filter(live).sort();
  }

  /** Returns a record. This does not count as a use of the record. */
  peek(id: string): SessionRecord {
    const text = this.#records.peek(id)!;
    return { kind: this.#kind, ...partsIn(text), data: frozen(dataIn(text)) };
  }

  prune(limit: number): number {
    const now = Date.now();
    let removed = 0;
    for (const id of this.#records.rkeys()) {
      if (removed >= limit) break;
      if (this.#expiryOf(id) <= now && this.#records.delete(id)) removed++;
    }
    return removed;
  }

  clear(): void {
    this.#lru?.clear();
  }

  #read(id: string, text: string): SessionRecord {
    let unpacked = this.#unpacked.get(id);
    if (unpacked?.text !== text) {
      unpacked = { text, data: frozen(dataIn(text)) };
      this.#unpacked.set(id, unpacked);
    }
    return { kind: this.#kind, ...partsIn(text), data: unpacked.data };
  }

  #expiryOf(id: string): number {
    const text = this.#records.peek(id);
    return text === undefined ? 0 : expiryIn(text);
  }

  #removed(id: string, text: string): void {
    this.#unpacked.delete(id);
    const userId = userIdIn(text);
    if (userId === null) return;
    const ids = this.#idsByUser.get(userId);
    if (ids === id || (ids instanceof Set && ids.delete(id) && ids.size === 0)) this.#idsByUser.delete(userId);
  }
}
