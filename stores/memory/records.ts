import { LRUCache } from "lru-cache";
import { SessionExistsError } from "../../src/errors.js";
import type { JsonObject } from "../../src/json.js";
import { assertId } from "../../src/store/arguments.js";

/** What the records of sessions and of remembered browsers have in common. */
interface Listed {
  userId: string | null;
  data: JsonObject;
  createdAt: number;
  expiresAt: number;
}

/** Records of one kind by their ids, and the ids by user: so many at most. Their data is frozen, and shared by all who read it. */
export class MemoryRecords<R extends Listed> {
  readonly #max: number;
  #lru: LRUCache<string, R> | undefined;
  /** Most users have one record, and a set of one would take a quarter of what the record does. */
  readonly #idsByUser = new Map<string, string | Set<string>>();

  /** @param option how the caller's user calls the bound */
  constructor(option: string, max: number) {
    if (!Number.isInteger(max) || max < 1) {
      throw new TypeError(`${option} must be a whole number above zero, not ${String(max)}`);
    }
    this.#max = max;
  }

  /** Made at the first use, for it takes the space for all at once. */
  get #records(): LRUCache<string, R> {
    this.#lru ??= new LRUCache({
      max: this.#max,
      dispose: (held, id) => this.#removeFromIndex(held.userId, id),
    });
    return this.#lru;
  }

  create(id: string, held: R): void {
    if (this.find(id)) throw new SessionExistsError();
    this.put(id, held);
  }

  read(id: string): R | null {
    const held = this.find(id);
    return held ? { ...held } : null;
  }

  /** The live record as it is held. */
  find(id: string): R | undefined {
    assertId("id", id);
    const held = this.#records.get(id);
    if (held === undefined || held.expiresAt > Date.now()) return held;
    this.#records.delete(id);
    return undefined;
  }

  put(id: string, held: R): void {
    this.#records.set(id, held);
    if (held.userId === null) return;
    const ids = this.#idsByUser.get(held.userId);
    if (ids instanceof Set) ids.add(id);
    else if (ids === undefined) this.#idsByUser.set(held.userId, id);
    else if (ids !== id) this.#idsByUser.set(held.userId, new Set([ids, id]));
  }

  destroy(id: string): boolean {
    return this.find(id) !== undefined && this.#records.delete(id);
  }

  listByUser(userId: string): Array<R & { id: string }> {
    assertId("userId", userId);
    const listed: Array<R & { id: string }> = [];
    for (const id of this.#idsOf(userId)) {
      const held = this.#records.peek(id);
      if (held && held.expiresAt > Date.now()) listed.push({ id, ...held });
    }
    return listed.sort((a, b) => b.createdAt - a.createdAt);
  }

  destroyByUser(userId: string, { except }: { except?: string } = {}): number {
    assertId("userId", userId);
    if (except !== undefined) assertId("except", except);
    return this.#idsOf(userId).filter((id) => id !== except && this.destroy(id)).length;
  }

  prune({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}): number {
    const now = Date.now();
    let removed = 0;
    for (const id of this.#records.rkeys()) {
      if (removed >= limit) break;
      if (this.#records.peek(id)!.expiresAt <= now && this.#records.delete(id)) removed++;
    }
    return removed;
  }

  clear(): void {
    this.#records.clear();
  }

  #idsOf(userId: string): string[] {
    const ids = this.#idsByUser.get(userId) ?? [];
    return typeof ids === "string" ? [ids] : [...ids];
  }

  #removeFromIndex(userId: string | null, id: string): void {
    if (userId === null) return;
    const ids = this.#idsByUser.get(userId);
    if (ids === id || (ids instanceof Set && ids.delete(id) && ids.size === 0)) this.#idsByUser.delete(userId);
  }
}
