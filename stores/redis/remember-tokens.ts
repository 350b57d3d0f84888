import { assertId } from "../../src/store/arguments.js";
import type {
  RememberTokenRecord,
  RememberTokenStore,
  StoredRememberToken,
} from "../../src/store/remember-token-store.js";
import { INDEX_MARGIN, type RedisRecords, timeToLive } from "./records.js";
import { ROTATE } from "./scripts.js";
import { digits, encodeToken, headOf } from "./value.js";

/** The remembered browsers of a RedisStore. */
export class RedisRememberTokens implements RememberTokenStore {
  readonly #records: RedisRecords<RememberTokenRecord>;

  constructor(records: RedisRecords<RememberTokenRecord>) {
    this.#records = records;
  }

  async create(id: string, record: RememberTokenRecord): Promise<void> {
    assertId("id", id);
    const value = encodeToken(record);
    await this.#records.create(id, record, `${listedTo(record)}${value}`);
  }

  read(id: string): Promise<RememberTokenRecord | null> {
    return this.#records.read(id);
  }

  async rotate(id: string, tokenHash: string, record: RememberTokenRecord): Promise<boolean> {
    assertId("id", id);
    assertId("tokenHash", tokenHash);
    const value = encodeToken(record);
    const ttl = timeToLive(record);
    const rotate = (...listed: string[]) =>
      this.#records.run(ROTATE, id, Date.now(), value, ttl, headOf(record.userId, tokenHash), ...listed);
    let rotated = Number(await rotate());
    if (rotated === 2) {
      // The index is made to live longer before the record is, so that a crash in between unlists none.
      await this.#records.keep(record.userId, ttl);
      rotated = Number(await rotate(listedTo(record)));
    }
    return rotated === 1;
  }

  destroy(id: string): Promise<boolean> {
    return this.#records.destroy(id);
  }

  listByUser(userId: string): Promise<StoredRememberToken[]> {
    return this.#records.listByUser(userId);
  }

  destroyByUser(userId: string, options?: { except?: string }): Promise<number> {
    return this.#records.destroyByUser(userId, options);
  }

  /** Redis removes expired ones by itself. */
  async prune(): Promise<number> {
    return 0;
  }
}

/** An instant that the index of a record's user outlives by days: a record that ends before it needs nothing of the index. */
function listedTo({ expiresAt }: RememberTokenRecord): string {
  return digits(expiresAt + INDEX_MARGIN / 2);
}
