import type { RedisConnection } from "./connection.js";
import { CLOCK_MARGIN, ENTER, LEAVE, LIST, SHORTEST_TTL } from "./scripts.js";

const HOUR = 3_600_000;
const WEEK = 7 * 24 * HOUR;

/**
 * Returns how long Redis keeps a record, in milliseconds. Even a record that has already expired is written and kept
 * for a second.
 */
export function timeToLive(expiresAt: number): number {
  return Math.max(expiresAt - Date.now(), SHORTEST_TTL);
}

/**
 * Returns the end of the index entry for a record that is written now. Before that time, the record can be extended
 * without another write to the index. The entry lasts longer than the record: by the lifetime of the record, but at
 * least an hour and at most a week. With these limits, the entries of short sessions do not fill an index.
 */
export function listedUntil(expiresAt: number): number {
  const ttl = timeToLive(expiresAt);
  return Date.now() + ttl + Math.min(Math.max(ttl, HOUR), WEEK);
}

/**
 * The index of a user's records of one kind: a sorted set of ids. The score of an id is the time when its entry ends.
 */
export class UserIndex {
  readonly #redis: RedisConnection;
  readonly #key: string;

  /** @param user the encoded user id */
  constructor(redis: RedisConnection, kind: string, user: string) {
    this.#redis = redis;
    this.#key = `user:${kind}:${user}`;
  }

  /**
   * Adds a record to the index. Call it before a record that is in use is extended: a crash in between then leaves an
   * entry without a record, but never a record without an entry.
   */
  async enter(id: string, listedTo: number): Promise<void> {
    await this.#redis.run(ENTER, this.#key, id, listedTo, listedTo - Date.now());
  }

  async leave(ids: string[]): Promise<void> {
    await this.#redis.run(LEAVE, this.#key, ...ids);
  }

  /**
   * Returns the next ids, in the order in which their entries end. An extended entry moves toward the end of the list,
   * so a listing in progress does not miss it.
   *
   * @param after the `next` of the previous page
   * @throws TypeError if `after` is not the `next` of a page
   */
  async page(limit: number, after?: string): Promise<{ ids: string[]; next: string | null }> {
    const place = /^(\d+):(.*)$/s.exec(after ?? `${Date.now() - CLOCK_MARGIN}:`);
    if (!place) throw new TypeError("after must be the next of a page");
    const listed = (await this.#redis.run(LIST, this.#key, place[1]!, place[2]!, limit + 1)) as string[];
    const ids = listed.filter((_, i) => i % 2 === 0);
    const next = ids.length > limit ? `${Number(listed[2 * limit - 1])}:${ids[limit - 1]}` : null;
    return { ids: ids.slice(0, limit), next };
  }
}
