import { LRUCache } from "lru-cache";
import { assertId, assertRecord, assertSeen, SessionExistsError } from "../src/errors.js";
import type { SessionRecord, SessionStore, StoredSession } from "../src/session-store.js";

/** Options of the MemoryStore. */
export interface MemoryStoreOptions {
  /** How many sessions are kept; past that the one unused for longest is dropped. @default 100_000 */
  maxSessions?: number;
}

/** A record as it is held: `data` as JSON text, so that nothing outside can change it. */
interface HeldRecord extends Omit<SessionRecord, "data"> {
  data: string;
}

const PRUNE_INTERVAL = 60_000;

/**
 * Keeps sessions in this process: for development, tests and single small servers.
 *
 * Bounded and expiring. Its sessions end with the process, and another process does not see them.
 */
export class MemoryStore implements SessionStore {
  readonly #records: LRUCache<string, HeldRecord>;
  /** Most users have one session, and a set of one would take a quarter of what the session does. */
  readonly #idsByUser = new Map<string, string | Set<string>>();
  readonly #pruning: NodeJS.Timeout;

  constructor({ maxSessions = 100_000 }: MemoryStoreOptions = {}) {
    if (!Number.isInteger(maxSessions) || maxSessions < 1) {
      throw new TypeError(`maxSessions must be a whole number above zero, not ${String(maxSessions)}`);
    }
    if (process.env.NODE_ENV === "production") {
      process.emitWarning(
        "MemoryStore keeps sessions in this process alone: they end when it does, and other processes do not see them",
        "LatchkeyMemoryStoreWarning",
      );
    }
    this.#records = new LRUCache({
      max: maxSessions,
      dispose: (held, id) => this.#removeFromIndex(held.userId, id),
    });
    this.#pruning = setInterval(() => void this.prune(), PRUNE_INTERVAL).unref();
  }

  async create(id: string, record: SessionRecord): Promise<void> {
    const held = hold(record);
    if (this.#find(id)) throw new SessionExistsError();
    this.#put(id, held);
  }

  async read(id: string): Promise<SessionRecord | null> {
    const held = this.#find(id);
    return held ? release(held) : null;
  }

  async update(id: string, record: SessionRecord): Promise<boolean> {
    const held = hold(record);
    if (!this.#find(id)) return false;
    this.#put(id, held);
    return true;
  }

  async touch(id: string, seen: Pick<SessionRecord, "lastSeenAt" | "expiresAt">): Promise<boolean> {
    assertSeen(seen);
    const held = this.#find(id);
    if (!held) return false;
    held.lastSeenAt = Math.max(held.lastSeenAt, seen.lastSeenAt);
    held.expiresAt = Math.max(held.expiresAt, seen.expiresAt);
    return true;
  }

  async destroy(id: string): Promise<boolean> {
    return this.#find(id) !== undefined && this.#records.delete(id);
  }

  async listByUser(userId: string): Promise<StoredSession[]> {
    assertId("userId", userId);
    const sessions: StoredSession[] = [];
    for (const id of this.#idsOf(userId)) {
      const held = this.#records.peek(id);
      if (held && held.expiresAt > Date.now()) sessions.push({ id, ...release(held) });
    }
    return sessions.sort((a, b) => b.createdAt - a.createdAt);
  }

  async destroyByUser(userId: string, { except }: { except?: string } = {}): Promise<number> {
    assertId("userId", userId);
    if (except !== undefined) assertId("except", except);
    let ended = 0;
    for (const id of this.#idsOf(userId)) {
      if (id !== except && (await this.destroy(id))) ended++;
    }
    return ended;
  }

  async prune({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}): Promise<number> {
    const now = Date.now();
    let removed = 0;
    for (const id of this.#records.rkeys()) {
      if (removed >= limit) break;
      if (this.#records.peek(id)!.expiresAt <= now && this.#records.delete(id)) removed++;
    }
    return removed;
  }

  /** Drops every session and stops the timer. */
  async close(): Promise<void> {
    clearInterval(this.#pruning);
    this.#records.clear();
  }

  #find(id: string): HeldRecord | undefined {
    assertId("id", id);
    const held = this.#records.get(id);
    if (held === undefined || held.expiresAt > Date.now()) return held;
    this.#records.delete(id);
    return undefined;
  }

  #put(id: string, held: HeldRecord): void {
    this.#records.set(id, held);
    if (held.userId === null) return;
    const ids = this.#idsByUser.get(held.userId);
    if (ids instanceof Set) ids.add(id);
    else if (ids === undefined) this.#idsByUser.set(held.userId, id);
    else if (ids !== id) this.#idsByUser.set(held.userId, new Set([ids, id]));
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

function hold(record: SessionRecord): HeldRecord {
  assertRecord(record);
  const { userId, data, createdAt, lastSeenAt, expiresAt } = record;
  return { userId, data: JSON.stringify(data), createdAt, lastSeenAt, expiresAt };
}

function release(held: HeldRecord): SessionRecord {
  return { ...held, data: JSON.parse(held.data) as SessionRecord["data"] };
}
