import { RecordDamagedError, SessionExistsError } from "../../src/errors.js";
import { assertId } from "../../src/store/arguments.js";
import { undecodable } from "../undecodable.js";
import { asText, type RedisCommands } from "./commands.js";
import { CREATE, DESTROY, DESTROY_OF, ENTER, KEEP, LEAVE, LIST, READ, type Script } from "./scripts.js";
import { headOf, userIdOf } from "./value.js";

/** What the records of sessions and of remembered browsers have in common. */
interface Listed {
  userId: string | null;
  createdAt: number;
  expiresAt: number;
}

/** One kind of records, and where they are kept. */
export interface RedisRecordsOptions<R> {
  commands: RedisCommands;
  waitReplicas: number;
  /** Before the id, in a record's key. */
  prefix: string;
  /** Before the user's id, in the key of an index. */
  indexPrefix: string;
  decode(value: string): R;
  /** What a record is, for an error. */
  noun: string;
}

const SHORTEST_TTL = 1000;
/** An index outlives its records by this much, and an entry without a record is kept this long: its record may be on its way. */
export const INDEX_MARGIN: number = 7 * 24 * 60 * 60 * 1000;
const ENTRY_MARGIN = 60_000;
/** How long ending a record waits for replicas. */
const REPLICATION_TIMEOUT = 1000;
/** The error for an unknown script, as Redis and as Valkey GLIDE name it. */
const NO_SCRIPT = /\bNOSCRIPT\b|\bNoScriptError\b/;

/**
 * Records of one kind, one key each, and the sorted sets that list those of a user.
 *
 * The entry is written before the record, so a crash leaves an entry without a record, never a record without its entry. Entries
 * without a record are removed in passing.
 */
export class RedisRecords<R extends Listed> {
  readonly #options: RedisRecordsOptions<R>;

  constructor(options: RedisRecordsOptions<R>) {
    this.#options = options;
  }

  /** Runs a script on a record's key. */
  run(script: Script, id: string, ...args: Array<string | number>): Promise<unknown> {
    return this.#run(script, this.#keyOf(id), args);
  }

  async create(id: string, record: R, value: string): Promise<void> {
    const entries = await this.enter(id, record);
    if (record.userId !== null) await this.#tidy(record.userId, entries, id);
    const created = await this.run(CREATE, id, Date.now(), value, timeToLive(record));
    if (Number(created) !== 1) throw new SessionExistsError();
  }

  async read(id: string): Promise<R | null> {
    assertId("id", id);
    const { commands, decode } = this.#options;
    const value = commands.get ? asText(await commands.get(this.#keyOf(id))) : await this.run(READ, id);
    if (typeof value !== "string") return null;
    const record = decode(value);
    return record.expiresAt > Date.now() ? record : null;
  }

  async destroy(id: string): Promise<boolean> {
    assertId("id", id);
    const head = await this.run(DESTROY, id, Date.now());
    if (typeof head !== "string") return false;
    const userId = userOf(head);
    if (userId !== null) await this.leave(userId, id);
    await this.#replicated();
    return true;
  }

  async listByUser(userId: string): Promise<Array<R & { id: string }>> {
    assertId("userId", userId);
    const found = new Map<string, R | null>();
    for (let isOver = false; !isOver; ) {
      const entries = (await this.#entries(userId)).filter(({ id }) => !found.get(id));
      const areKnown = entries.every(({ id }) => found.has(id));
      const records = await Promise.all(entries.map(({ id }) => this.#readListed(id, userId)));
      for (const [i, { id }] of entries.entries()) found.set(id, records[i]!);
      // One that ended meanwhile may have been left for another: one that is listed by now, or was before its record was there.
      isOver = areKnown || !records.includes(null);
    }
    return [...found]
      .flatMap(([id, record]) => (record?.userId === userId ? [{ id, ...record }] : []))
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

  /** Lists a record under its user, before it is written. */
  async enter(id: string, record: R): Promise<string[]> {
    const { userId, createdAt } = record;
    if (userId === null) return [];
    const ttl = timeToLive(record) + INDEX_MARGIN;
    return (await this.#onIndex(ENTER, userId, id, createdAt, ttl)) as string[];
  }

  /** Lets an index outlive a record of so many milliseconds. */
  async keep(userId: string, ttl: number): Promise<void> {
    await this.#onIndex(KEEP, userId, ttl + INDEX_MARGIN);
  }

  async leave(userId: string, id: string): Promise<void> {
    await this.#onIndex(LEAVE, userId, id);
  }

  async #readListed(id: string, userId: string): Promise<R | null> {
    try {
      return await this.read(id);
    } catch (error) {
      if (error instanceof RecordDamagedError) return undecodable(id, userId) as Listed as R;
      throw error;
    }
  }

  /** Ends a record that its user's index lists, unless it is another user's by now. */
  async #destroyOf(userId: string, id: string): Promise<boolean> {
    const ended = await this.run(DESTROY_OF, id, Date.now(), headOf(userId));
    if (Number(ended) !== 1) return false; // its entry may be that of a record on its way
    await this.leave(userId, id);
    return true;
  }

  async #entries(userId: string): Promise<Array<{ id: string; createdAt: number }>> {
    return pairs((await this.#onIndex(LIST, userId)) as string[]);
  }

  /** Removes those of a few entries whose records have ended by themselves. */
  async #tidy(userId: string, entries: string[], current: string): Promise<void> {
    const old = pairs(entries).filter(({ id, createdAt }) => id !== current && createdAt < Date.now() - ENTRY_MARGIN);
    await Promise.all(
      old.map(async ({ id }) => {
        if ((await this.#readListed(id, userId)) === null) await this.leave(userId, id);
      }),
    );
  }

  async #replicated(): Promise<void> {
    const { commands, waitReplicas, noun } = this.#options;
    if (waitReplicas === 0) return;
    const reached = Number(await commands.wait!(waitReplicas, REPLICATION_TIMEOUT));
    if (reached < waitReplicas)
      throw new Error(`only ${reached} of ${waitReplicas} replicas know that the ${noun} ended`);
  }

  #onIndex(script: Script, userId: string, ...args: Array<string | number>): Promise<unknown> {
    return this.#run(script, `${this.#options.indexPrefix}${userId}`, args);
  }

  /** Runs a script by its hash, or by its text when the server does not know it yet; then it knows it. */
  async #run({ text, sha1 }: Script, key: string, args: Array<string | number>): Promise<unknown> {
    const { commands } = this.#options;
    const texts = args.map(String);
    try {
      return asText(await commands.evaluate("EVALSHA", sha1, key, texts));
    } catch (error) {
      if (!NO_SCRIPT.test(String(error))) throw error;
      return asText(await commands.evaluate("EVAL", text, key, texts));
    }
  }

  #keyOf(id: string): string {
    return `${this.#options.prefix}${id}`;
  }
}

/** How long Redis keeps a record: what is over by the caller's clock is written even so, and kept a moment. */
export function timeToLive({ expiresAt }: { expiresAt: number }): number {
  return Math.max(expiresAt - Date.now(), SHORTEST_TTL);
}

/** The user of a deleted record, to remove it from the user's index; null if it cannot be read. A later list removes the entry then. */
function userOf(head: string): string | null {
  try {
    return userIdOf(head);
  } catch {
    return null;
  }
}

function pairs(flat: string[]): Array<{ id: string; createdAt: number }> {
  const entries = [];
  for (let i = 0; i < flat.length; i += 2) entries.push({ id: flat[i]!, createdAt: Number(flat[i + 1]) });
  return entries;
}
