import { SessionExistsError } from "../../src/errors.js";
import { assertId, assertPage, assertRecord, assertTimes, assertUpdate } from "../../src/store/arguments.js";
import type {
  ListOptions,
  RecordPage,
  SessionRecord,
  SessionStore,
  SessionTimes,
  SessionUpdate,
} from "../../src/store/session-store.js";
import { pack } from "../packed.js";
import type { RedisClient } from "./commands.js";
import { PREFIX, RedisConnection } from "./connection.js";
import { CREATE, DESTROY, DESTROY_OF, type Script, TOUCH, UPDATE } from "./scripts.js";
import { listedUntil, timeToLive, UserIndex } from "./user-index.js";
import { decode, digits, encode, encodeUser } from "./value.js";

export type { IoredisClient, NodeRedisClient, RedisClient, ValkeyGlideClient } from "./commands.js";

/** Options of the RedisStore. */
export interface RedisStoreOptions {
  /**
   * A connected client of node-redis 4 to 6, ioredis 5 or 6, or Valkey GLIDE 2. The store neither opens nor closes it.
   */
  client: RedisClient;
  /** The prefix of every key. @default "latchkey:" */
  prefix?: string;
  /**
   * How many replicas must confirm a deletion, so that a failover right after it does not bring the record back.
   * `destroy` and `destroyByUser` reject if this takes longer than a second, although the master has deleted the
   * record. A Cluster or a pool does not support this option: it needs one connection to one master, directly or
   * through Sentinels.
   *
   * @default 0
   */
  waitReplicas?: number;
}

/** The `listedTo` of a record without a user, because this record is not in an index. */
const UNLISTED = 999_999_999_999_999;

/**
 * Keeps sessions and remembered browsers in Redis: one server, a Cluster, or servers behind Sentinels.
 *
 * Each record is stored under one key, `record:<id>`. A sorted set, `user:<kind>:<user id>`, lists the user's records
 * of one kind.
 *
 * Redis should not evict keys (`maxmemory-policy noeviction`). If Redis evicts a record, its session ends. If Redis
 * evicts an index, its records stay valid, but `listByUser` and `destroyByUser` do not find them. A record is listed
 * again when a touch or an update extends it beyond its index entry. For a session in use, this happens about once per
 * lifetime, or once a week. A record that is never extended stays unlisted until it expires.
 */
export class RedisStore implements SessionStore {
  readonly #redis: RedisConnection;

  /**
   * @throws TypeError if latchkey does not recognize the client, or if `waitReplicas` is invalid or the client does not
   * support it
   */
  constructor({ client, prefix = PREFIX, waitReplicas = 0 }: RedisStoreOptions) {
    this.#redis = new RedisConnection(client, prefix, waitReplicas);
  }

  async create(id: string, record: SessionRecord): Promise<void> {
    assertId("id", id);
    assertRecord(record);
    const { kind, userId, expiresAt } = record;
    const listedTo = userId === null ? UNLISTED : listedUntil(expiresAt);
    const value = encode(record, listedTo);
    // Both scripts are sent at once. Until this call resolves, nobody has the id, so nobody needs to find it in the index.
    const [entered, created] = await Promise.allSettled([
      userId === null ? null : this.#indexOf(kind, userId).enter(id, listedTo),
      this.#redis.run(CREATE, keyOf(id), digits(Date.now()), value),
    ]);
    if (created.status === "rejected") throw created.reason;
    if (Number(created.value) !== 1) throw new SessionExistsError();
    if (entered.status === "fulfilled") return;
    await this.destroy(id).catch(() => {}); // a record must not stay without an entry
    throw entered.reason;
  }

  async read(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    const value = await this.#redis.get(keyOf(id));
    return value === null ? null : ifLive(decode(value));
  }

  async update(id: string, update: SessionUpdate): Promise<boolean> {
    assertId("id", id);
    assertUpdate(update);
    return this.#change(UPDATE, id, update, [update.revision, pack(update.data)]);
  }

  async touch(id: string, times: SessionTimes): Promise<boolean> {
    assertId("id", id);
    assertTimes(times);
    return this.#change(TOUCH, id, times, []);
  }

  async destroy(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    const ended = await this.#redis.run(DESTROY, keyOf(id), Buffer.byteLength(id));
    if (!Array.isArray(ended)) return null;
    const [value, isUnlisted] = ended as [string, number];
    const record = decodeOrNull(value);
    if (Number(isUnlisted) !== 1 && record !== null && record.userId !== null)
      await this.#indexOf(record.kind, record.userId).leave([id]);
    await this.#redis.replicated();
    return record && ifLive(record);
  }

  async listByUser(userId: string, options: ListOptions): Promise<RecordPage> {
    assertPage(userId, options);
    const { kind, limit, after } = options;
    const index = this.#indexOf(kind, userId);
    const found = new Map<string, SessionRecord | "damaged" | null>();
    for (;;) {
      const { ids, next } = await index.page(limit, after);
      const missing = ids.filter((id) => !found.get(id));
      const areKnown = missing.every((id) => found.has(id));
      await Promise.all(missing.map(async (id) => found.set(id, await this.#readListed(id))));
      // A record may be missing because a newer record has replaced it, or because it is listed before it is written.
      // So look again.
      if (!areKnown && missing.some((id) => found.get(id) === null)) continue;
      const page: RecordPage = { records: [], damaged: [], next };
      for (const id of ids) {
        const record = found.get(id)!;
        if (record === "damaged") page.damaged.push(id);
        else if (record?.userId === userId && record.kind === kind) page.records.push({ id, ...record });
      }
      return page;
    }
  }

  async destroyByUser(
    userId: string,
    options: { kind: string; limit: number },
  ): Promise<{ ended: number; more: boolean }> {
    assertPage(userId, options);
    const { kind, limit } = options;
    const index = this.#indexOf(kind, userId);
    let page = await index.page(limit);
    let ended = await this.#endListed(page.ids, kind, userId);
    while (ended.length === 0 && page.next !== null) {
      page = await index.page(limit, page.next);
      ended = await this.#endListed(page.ids, kind, userId);
    }
    if (ended.length > 0) await index.leave(ended);
    await this.#redis.replicated();
    return { ended: ended.length, more: page.next !== null };
  }

  /** Does nothing: Redis removes expired records by itself. */
  async prune(): Promise<number> {
    return 0;
  }

  /** Runs a script that changes a record. If the record would outlive its index entry, the entry is extended first. */
  async #change(script: Script, id: string, times: SessionTimes, more: Array<string | number>): Promise<boolean> {
    const { lastSeenAt, expiresAt } = times;
    const change = (listedTo: number) => {
      const instants = [Date.now(), lastSeenAt, expiresAt].map(digits);
      return this.#redis.run(script, keyOf(id), ...instants, timeToLive(expiresAt), digits(listedTo), ...more);
    };
    let changed = await change(0);
    if (Array.isArray(changed)) {
      const [user, kind] = changed as [string, string];
      const listedTo = listedUntil(expiresAt);
      await new UserIndex(this.#redis, kind, user).enter(id, listedTo);
      changed = await change(listedTo);
    }
    return Number(changed) === 1;
  }

  async #readListed(id: string): Promise<SessionRecord | "damaged" | null> {
    const value = await this.#redis.get(keyOf(id));
    if (value === null) return null;
    const record = decodeOrNull(value);
    return record ? ifLive(record) : "damaged";
  }

  /** Deletes listed records, and returns the ids that it deleted. A record that it did not find may be written soon. */
  async #endListed(ids: string[], kind: string, userId: string): Promise<string[]> {
    const end = (id: string) => this.#redis.run(DESTROY_OF, keyOf(id), digits(Date.now()), encodeUser(userId), kind);
    const ended = await Promise.all(ids.map(end));
    return ids.filter((_, i) => Number(ended[i]) === 1);
  }

  #indexOf(kind: string, userId: string): UserIndex {
    return new UserIndex(this.#redis, kind, encodeUser(userId));
  }
}

function keyOf(id: string): string {
  return `record:${id}`;
}

function ifLive(record: SessionRecord): SessionRecord | null {
  return record.expiresAt > Date.now() ? record : null;
}

function decodeOrNull(value: string): SessionRecord | null {
  try {
    return decode(value);
  } catch {
    return null;
  }
}
