import { assertId, assertSeen, nextRevision } from "../../src/store/arguments.js";
import type { RememberTokenStore } from "../../src/store/remember-token-store.js";
import type { SessionRecord, SessionStore, StoredSession } from "../../src/store/session-store.js";
import { commandsOf, type RedisClient } from "./commands.js";
import { RedisRecords, timeToLive } from "./records.js";
import { RedisRememberTokens } from "./remember-tokens.js";
import { TOUCH, UPDATE } from "./scripts.js";
import { decodeSession, decodeToken, encodeSession, userIdOf } from "./value.js";

export type { IoredisClient, NodeRedisClient, RedisClient, ValkeyGlideClient } from "./commands.js";

/** Options of the RedisStore. */
export interface RedisStoreOptions {
  /** A connected client of node-redis 4 to 6, ioredis 5 or 6, or Valkey GLIDE 2. The store neither opens nor closes it. */
  client: RedisClient;
  /** Before every key. @default "latchkey:" */
  prefix?: string;
  /**
   * Ending a session, or forgetting a browser, waits until this many replicas know, so that a failover right after does not bring it back, and rejects when
   * they do not within a second (the master has done it even so). For one connection to a master, straight or by Sentinels.
   *
   * @default 0
   */
  waitReplicas?: number;
}

/**
 * Keeps sessions and remembered browsers in Redis, alone, as a Cluster or behind Sentinels.
 *
 * A session is one key, `session:<id>`, a remembered browser another, `remember:<id>`; those of a user are listed in two sorted sets.
 */
export class RedisStore implements SessionStore {
  readonly rememberTokens: RememberTokenStore;
  readonly #records: RedisRecords<SessionRecord>;

  constructor({ client, prefix = "latchkey:", waitReplicas = 0 }: RedisStoreOptions) {
    const commands = commandsOf(client);
    if (!Number.isInteger(waitReplicas) || waitReplicas < 0) {
      throw new TypeError(`waitReplicas must be a whole number, zero or more, not ${String(waitReplicas)}`);
    }
    if (waitReplicas > 0 && !commands.wait) {
      throw new TypeError("waitReplicas must be 0 for a Cluster or a pool: WAIT needs one connection to one master");
    }
    this.#records = new RedisRecords({
      commands,
      waitReplicas,
      prefix: `${prefix}session:`,
      indexPrefix: `${prefix}user:`,
      decode: decodeSession,
      noun: "session",
    });
    this.rememberTokens = new RedisRememberTokens(
      new RedisRecords({
        commands,
        waitReplicas,
        prefix: `${prefix}remember:`,
        indexPrefix: `${prefix}remember-user:`,
        decode: decodeToken,
        noun: "remembered browser",
      }),
    );
  }

  async create(id: string, record: SessionRecord): Promise<void> {
    assertId("id", id);
    const value = encodeSession(record);
    await this.#records.create(id, record, value);
  }

  read(id: string): Promise<SessionRecord | null> {
    return this.#records.read(id);
  }

  async update(id: string, record: SessionRecord): Promise<boolean> {
    assertId("id", id);
    const value = encodeSession(nextRevision(record));
    await this.#records.enter(id, record);
    const head = await this.#records.run(UPDATE, id, Date.now(), value, timeToLive(record), record.revision);
    if (typeof head !== "string") return false;
    const before = userIdOf(head);
    if (before !== null && before !== record.userId) await this.#records.leave(before, id);
    return true;
  }

  async touch(id: string, seen: Pick<SessionRecord, "lastSeenAt" | "expiresAt">): Promise<boolean> {
    assertId("id", id);
    assertSeen(seen);
    const ttl = timeToLive(seen);
    const head = await this.#records.run(TOUCH, id, Date.now(), seen.lastSeenAt, seen.expiresAt, ttl);
    if (typeof head !== "string") return false;
    const userId = userIdOf(head);
    if (userId !== null) await this.#records.keep(userId, ttl);
    return true;
  }

  destroy(id: string): Promise<boolean> {
    return this.#records.destroy(id);
  }

  listByUser(userId: string): Promise<StoredSession[]> {
    return this.#records.listByUser(userId);
  }

  destroyByUser(userId: string, options?: { except?: string }): Promise<number> {
    return this.#records.destroyByUser(userId, options);
  }

  /** Redis removes expired sessions by itself. */
  async prune(): Promise<number> {
    return 0;
  }
}
