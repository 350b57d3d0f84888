import { RedisStore as ConnectRedis } from "connect-redis";
import { assertId, assertSeen, SessionExistsError } from "../src/errors.js";
import type { SessionRecord, SessionStore, StoredSession } from "../src/session-store.js";
import { CREATE, DESTROY, DESTROY_OF, ENTER, KEEP, LEAVE, LIST, TOUCH, UPDATE } from "./redis-scripts.js";
import { decode, encode, userIdOf } from "./redis-value.js";

/** What latchkey needs of a node-redis client: `createClient`, `createCluster` and `createSentinel` all give it. */
export interface RedisClient {
  get(key: string): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** Needed for `waitReplicas` only; a Cluster's client has none that would do. */
  wait?(replicas: number, timeout: number): Promise<number>;
}

/** Options of the RedisStore. */
export interface RedisStoreOptions {
  /** A connected client of node-redis 5 or 6. The store neither opens nor closes it. */
  client: RedisClient;
  /** Before every key. @default "latchkey:" */
  prefix?: string;
  /**
   * Ending a session waits until this many replicas know, so that a failover right after does not bring it back, and rejects when
   * they do not within a second (the master has ended it even so). For one connection to a master, straight or by Sentinels.
   *
   * @default 0
   */
  waitReplicas?: number;
}

const SHORTEST_TTL = 1000;
/** An index outlives its sessions by this much, and an entry without a session is kept this long: its session may be on its way. */
const INDEX_MARGIN = 7 * 24 * 60 * 60 * 1000;
/** How long ending a session waits for replicas. */
const REPLICATION_TIMEOUT = 1000;
const ENTRY_MARGIN = 60_000;

/**
 * Keeps sessions in Redis, alone, as a Cluster or behind Sentinels.
 *
 * A session is one key; the sessions of a user are listed in a sorted set. The entry is written before the session, so a crash
 * leaves an entry without a session, never a session without its entry. Entries without a session are removed in passing.
 */
export class RedisStore implements SessionStore {
  readonly #client: RedisClient;
  readonly #prefix: string;
  readonly #waitReplicas: number;
  readonly #reader: ConnectRedis;

  constructor({ client, prefix = "latchkey:", waitReplicas = 0 }: RedisStoreOptions) {
    if (typeof client?.eval !== "function" || typeof client.get !== "function") {
      throw new TypeError("client must be a client of node-redis 5 or 6, with get() and eval()");
    }
    if (
      !Number.isInteger(waitReplicas) ||
      waitReplicas < 0 ||
      (waitReplicas > 0 && typeof client.wait !== "function")
    ) {
      throw new TypeError("waitReplicas must be a whole number, and above zero the client must have wait()");
    }
    this.#client = client;
    this.#waitReplicas = waitReplicas;
    this.#prefix = prefix;
    this.#reader = new ConnectRedis({
      client,
      prefix: `${prefix}session:`,
      serializer: { parse: decode as never, stringify: String },
    });
  }

  async create(id: string, record: SessionRecord): Promise<void> {
    assertId("id", id);
    const value = encode(record);
    const entries = await this.#enter(id, record);
    if (record.userId !== null) await this.#tidy(record.userId, entries, id);
    const created = await this.#run(CREATE, this.#key(id), Date.now(), value, timeToLive(record));
    if (created !== 1) throw new SessionExistsError();
  }

  async read(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    const record = (await this.#reader.get(id)) as unknown as SessionRecord | null;
    return record && record.expiresAt > Date.now() ? record : null;
  }

  async update(id: string, record: SessionRecord): Promise<boolean> {
    assertId("id", id);
    const value = encode(record);
    await this.#enter(id, record);
    const head = await this.#run(UPDATE, this.#key(id), Date.now(), value, timeToLive(record));
    if (typeof head !== "string") return false;
    const before = userIdOf(head);
    if (before !== null && before !== record.userId) await this.#run(LEAVE, this.#indexKey(before), id);
    return true;
  }

  async touch(id: string, seen: Pick<SessionRecord, "lastSeenAt" | "expiresAt">): Promise<boolean> {
    assertId("id", id);
    assertSeen(seen);
    const ttl = timeToLive(seen);
    const head = await this.#run(TOUCH, this.#key(id), Date.now(), seen.lastSeenAt, seen.expiresAt, ttl);
    if (typeof head !== "string") return false;
    const userId = userIdOf(head);
    if (userId !== null) await this.#run(KEEP, this.#indexKey(userId), ttl + INDEX_MARGIN);
    return true;
  }

  async destroy(id: string): Promise<boolean> {
    assertId("id", id);
    const head = await this.#run(DESTROY, this.#key(id), Date.now());
    if (typeof head !== "string") return false;
    const userId = userIdOf(head);
    if (userId !== null) await this.#run(LEAVE, this.#indexKey(userId), id);
    await this.#replicated();
    return true;
  }

  async listByUser(userId: string): Promise<StoredSession[]> {
    assertId("userId", userId);
    const entries = await this.#entries(userId);
    const records = await Promise.all(entries.map(({ id }) => this.read(id)));
    return records
      .flatMap((record, i) => (record?.userId === userId ? [{ id: entries[i]!.id, ...record }] : []))
      .sort((a, b) => b.createdAt - a.createdAt);
  }

  async destroyByUser(userId: string, { except }: { except?: string } = {}): Promise<number> {
    assertId("userId", userId);
    if (except !== undefined) assertId("except", except);
    const entries = await this.#entries(userId);
    const others = entries.filter(({ id }) => id !== except);
    const ended = await Promise.all(others.map(({ id }) => this.#destroyOf(userId, id)));
    await this.#replicated();
    return ended.filter(Boolean).length;
  }

  /** Redis removes expired sessions by itself. */
  async prune(): Promise<number> {
    return 0;
  }

  async #replicated(): Promise<void> {
    if (this.#waitReplicas === 0) return;
    const reached = (await this.#client.wait?.(this.#waitReplicas, REPLICATION_TIMEOUT)) ?? 0;
    if (reached < this.#waitReplicas) {
      throw new Error(`only ${reached} of ${this.#waitReplicas} replicas know that the session ended`);
    }
  }

  /** Lists a session under its user, before it is written. */
  async #enter(id: string, record: SessionRecord): Promise<string[]> {
    const { userId, createdAt } = record;
    if (userId === null) return [];
    const ttl = timeToLive(record) + INDEX_MARGIN;
    return (await this.#run(ENTER, this.#indexKey(userId), id, createdAt, ttl)) as string[];
  }

  /** Ends a session that its user's index lists, unless it is another user's by now. */
  async #destroyOf(userId: string, id: string): Promise<boolean> {
    const ended = await this.#run(DESTROY_OF, this.#key(id), Date.now(), `${encodeURIComponent(userId)}\n`);
    if (ended !== 1) return false; // its entry may be that of a session on its way
    await this.#run(LEAVE, this.#indexKey(userId), id);
    return true;
  }

  async #entries(userId: string): Promise<Array<{ id: string; createdAt: number }>> {
    return pairs((await this.#run(LIST, this.#indexKey(userId))) as string[]);
  }

  /** Removes those of a few entries whose sessions have ended by themselves. */
  async #tidy(userId: string, entries: string[], current: string): Promise<void> {
    const old = pairs(entries).filter(({ id, createdAt }) => id !== current && createdAt < Date.now() - ENTRY_MARGIN);
    await Promise.all(
      old.map(async ({ id }) => {
        if ((await this.read(id)) === null) await this.#run(LEAVE, this.#indexKey(userId), id);
      }),
    );
  }

  #run(script: string, key: string, ...args: Array<string | number>): Promise<unknown> {
    return this.#client.eval(script, { keys: [key], arguments: args.map(String) });
  }

  #key(id: string): string {
    return `${this.#prefix}session:${id}`;
  }

  #indexKey(userId: string): string {
    return `${this.#prefix}user:${userId}`;
  }
}

function timeToLive({ expiresAt }: Pick<SessionRecord, "expiresAt">): number {
  return Math.max(expiresAt - Date.now(), SHORTEST_TTL);
}

function pairs(flat: string[]): Array<{ id: string; createdAt: number }> {
  const entries = [];
  for (let i = 0; i < flat.length; i += 2) entries.push({ id: flat[i]!, createdAt: Number(flat[i + 1]) });
  return entries;
}
