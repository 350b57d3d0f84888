import { frozenCopy } from "../../src/json.js";
import { assertId, assertRememberTokenRecord } from "../../src/store/arguments.js";
import type {
  RememberTokenRecord,
  RememberTokenStore,
  StoredRememberToken,
} from "../../src/store/remember-token-store.js";
import { MemoryRecords } from "./records.js";

/** The remembered browsers of a MemoryStore. */
export class MemoryRememberTokens implements RememberTokenStore {
  readonly #records: MemoryRecords<RememberTokenRecord>;

  constructor(max: number) {
    this.#records = new MemoryRecords("maxRememberTokens", max);
  }

  async create(id: string, record: RememberTokenRecord): Promise<void> {
    this.#records.create(id, hold(record));
  }

  async read(id: string): Promise<RememberTokenRecord | null> {
    return this.#records.read(id);
  }

  async rotate(id: string, tokenHash: string, record: RememberTokenRecord): Promise<boolean> {
    assertId("tokenHash", tokenHash);
    const held = hold(record);
    const found = this.#records.find(id);
    if (found?.tokenHash !== tokenHash || found.userId !== held.userId) return false;
    this.#records.put(id, held);
    return true;
  }

  async destroy(id: string): Promise<boolean> {
    return this.#records.destroy(id);
  }

  async listByUser(userId: string): Promise<StoredRememberToken[]> {
    return this.#records.listByUser(userId);
  }

  async destroyByUser(userId: string, options?: { except?: string }): Promise<number> {
    return this.#records.destroyByUser(userId, options);
  }

  async prune(options?: { limit?: number }): Promise<number> {
    return this.#records.prune(options);
  }

  /** Drops every one. */
  clear(): void {
    this.#records.clear();
  }
}

function hold(record: RememberTokenRecord): RememberTokenRecord {
  assertRememberTokenRecord(record);
  const { userId, tokenHash, data, createdAt, expiresAt } = record;
  return { userId, tokenHash, data: frozenCopy(data), createdAt, expiresAt };
}
