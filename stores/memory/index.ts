import { frozenCopy } from "../../src/json.js";
import { assertRecord, assertSeen } from "../../src/store/arguments.js";
import type { RememberTokenStore } from "../../src/store/remember-token-store.js";
import type { SessionRecord, SessionStore, StoredSession } from "../../src/store/session-store.js";
import { MemoryRecords } from "./records.js";
import { MemoryRememberTokens } from "./remember-tokens.js";

/** Options of the MemoryStore. */
export interface MemoryStoreOptions {
  /** How many sessions are kept; past that the one unused for longest is dropped. @default 100_000 */
  maxSessions?: number;
  /** How many remembered browsers are kept, likewise. @default 100_000 */
  maxRememberTokens?: number;
}

const PRUNE_INTERVAL = 60_000;

/**
 * Keeps sessions and remembered browsers in this process: for development, tests and single small servers.
 *
 * Bounded and expiring. What it keeps ends with the process, and another process does not see it.
 */
export class MemoryStore implements SessionStore {
  readonly rememberTokens: RememberTokenStore;
  readonly #records: MemoryRecords<SessionRecord>;
  readonly #tokens: MemoryRememberTokens;
  readonly #pruning: NodeJS.Timeout;

  constructor({ maxSessions = 100_000, maxRememberTokens = 100_000 }: MemoryStoreOptions = {}) {
    this.#records = new MemoryRecords("maxSessions", maxSessions);
    this.#tokens = new MemoryRememberTokens(maxRememberTokens);
    this.rememberTokens = this.#tokens;
    if (process.env.NODE_ENV === "production") {
      process.emitWarning(
        "MemoryStore keeps sessions in this process alone: they end when it does, and other processes do not see them",
        "LatchkeyMemoryStoreWarning",
      );
    }
    this.#pruning = pruneWhileUsed(this);
  }

  async create(id: string, record: SessionRecord): Promise<void> {
    this.#records.create(id, hold(record));
  }

  async read(id: string): Promise<SessionRecord | null> {
    return this.#records.read(id);
  }

  async update(id: string, record: SessionRecord): Promise<boolean> {
    const next = hold(record);
    next.revision++;
    if (this.#records.find(id)?.revision !== record.revision) return false;
    this.#records.put(id, next);
    return true;
  }

  async touch(id: string, seen: Pick<SessionRecord, "lastSeenAt" | "expiresAt">): Promise<boolean> {
    assertSeen(seen);
    const held = this.#records.find(id);
    if (!held) return false;
    held.lastSeenAt = Math.max(held.lastSeenAt, seen.lastSeenAt);
    held.expiresAt = Math.max(held.expiresAt, seen.expiresAt);
    return true;
  }

  async destroy(id: string): Promise<boolean> {
    return this.#records.destroy(id);
  }

  async listByUser(userId: string): Promise<StoredSession[]> {
    return this.#records.listByUser(userId);
  }

  async destroyByUser(userId: string, options?: { except?: string }): Promise<number> {
    return this.#records.destroyByUser(userId, options);
  }

  async prune(options?: { limit?: number }): Promise<number> {
    return this.#records.prune(options);
  }

  /** Drops every session and every remembered browser, and stops the timer. */
  async close(): Promise<void> {
    clearInterval(this.#pruning);
    this.#records.clear();
    this.#tokens.clear();
  }
}

/** Prunes a store every minute until nobody has it any more, which need not be at the end of the process: tests make many. */
function pruneWhileUsed(store: MemoryStore): NodeJS.Timeout {
  const used = new WeakRef(store);
  const timer = setInterval(() => {
    const found = used.deref();
    if (!found) return clearInterval(timer);
    void found.prune();
    void found.rememberTokens.prune();
  }, PRUNE_INTERVAL).unref();
  return timer;
}

function hold(record: SessionRecord): SessionRecord {
  assertRecord(record);
  const { userId, data, createdAt, lastSeenAt, expiresAt, revision } = record;
  return { userId, data: frozenCopy(data), createdAt, lastSeenAt, expiresAt, revision };
}
