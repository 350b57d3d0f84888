import { LRUCache } from "lru-cache";

/** How many touched records are known. If more are in use at once, some may be touched more often. */
const MAX_TOUCHED = 5000;

/**
 * When this process last touched records, by id. Concurrent requests have all read a record before the first of them
 * touches it.
 */
export class RecentTouches {
  readonly #touched = new LRUCache<string, number>({ max: MAX_TOUCHED });

  /** Returns when the record was last seen: the time that was read, or the time of a later touch of this process. */
  lastSeen(id: string, read: number): number {
    return Math.max(read, this.#touched.get(id) ?? 0);
  }

  /**
   * Notes a touch that begins now. A touch that fails, or that resolves with false, is forgotten, so the next request
   * tries again.
   */
  note(id: string, touching: Promise<boolean>): void {
    this.#touched.set(id, Date.now());
    const forget = () => this.#touched.delete(id);
    touching.then((isLive) => isLive || forget(), forget);
  }
}
