import { isLatchkeyError, SessionExistsError, StoreUnavailableError } from "../../src/errors.js";
import { assertId, assertPage, assertRecord, assertTimes, assertUpdate } from "../../src/store/arguments.js";
import { checkStore } from "../../src/store/check-store.js";
import type {
  ListOptions,
  RecordPage,
  SessionRecord,
  SessionStore,
  SessionTimes,
  SessionUpdate,
} from "../../src/store/session-store.js";
import { given } from "../given.js";
import { endIn, free, isEnded } from "./ended.js";
import { moveRecord } from "./move-record.js";
import { listBoth } from "./pages.js";

/** Options of a MovingStore. */
export interface MovingStoreOptions {
  /** The store that has the records now. */
  from: SessionStore;
  /** The store that the records move to. */
  to: SessionStore;
  /**
   * Whether records move. If false, new records go to `from`, and all records stay in the store where they are. Deploy
   * this everywhere before the first process moves records.
   *
   * @default true
   */
  moving?: boolean | undefined;
}

/** A record, and the store that has it. */
interface Found {
  store: SessionStore;
  record: SessionRecord;
  /** Is its id taken in the other store, so that it cannot move there? */
  isHeld: boolean;
}

/** How many times a record is moved if other processes change it at the same moment. */
const MAX_TRIES = 20;
/** The kinds of records that belong to a user. */
const USER_KINDS = ["session", "browser", "alias"] as const;
const PAGE = 100;

/**
 * Moves records from one store to another while the application runs. Nobody is logged out, and a logout stays final.
 *
 * A record moves at its first use. Until then it stays in `from`, and every method finds it there. To go back, swap
 * `from` and `to`. docs/moving.md says in which order to deploy this.
 *
 * It lacks every ability that at least one of the two stores lacks.
 */
export class MovingStore implements SessionStore {
  readonly lacks: NonNullable<SessionStore["lacks"]>;
  readonly #from: SessionStore;
  readonly #to: SessionStore;
  readonly #moving: boolean;

  /** @throws OptionError if `from` or `to` is not a store; TypeError if both are the same */
  constructor({ from, to, moving = true }: MovingStoreOptions) {
    checkStore("from", from);
    checkStore("to", to);
    if (from === to) throw new TypeError("from and to must be two stores, but they are the same");
    if (typeof moving !== "boolean") throw new TypeError(`moving must be true or false, not ${given(moving)}`);
    this.lacks = [...new Set([...(from.lacks ?? []), ...(to.lacks ?? [])])];
    this.#from = from;
    this.#to = to;
    this.#moving = moving;
  }

  /** The id is checked before and after: another process may create a record with the same id in the other store. */
  async create(id: string, record: SessionRecord): Promise<void> {
    assertId("id", id);
    assertRecord(record);
    const [home, other] = this.#moving ? [this.#to, this.#from] : [this.#from, this.#to];
    await this.#freeIn(other, id);
    try {
      await home.create(id, record);
    } catch (error) {
      if (!isLatchkeyError(error, "session_exists")) throw error;
      await this.#freeIn(home, id);
      await home.create(id, record);
    }
    if (!(await other.read(id))) return;
    await home.destroy(id);
    throw new SessionExistsError();
  }

  async read(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    return (await this.#find(id))?.record ?? null;
  }

  async update(id: string, update: SessionUpdate): Promise<boolean> {
    assertId("id", id);
    assertUpdate(update);
    return this.#change(id, (store) => store.update(id, update));
  }

  async touch(id: string, times: SessionTimes): Promise<boolean> {
    assertId("id", id);
    assertTimes(times);
    return this.#change(id, (store) => store.touch(id, times));
  }

  /**
   * Ends the record in both stores, and reserves the id in both for ten minutes, so that no late move revives the
   * record.
   */
  async destroy(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    const inTo = await endIn(this.#to, id);
    const inFrom = await endIn(this.#from, id);
    return inTo ?? inFrom;
  }

  async listByUser(userId: string, options: ListOptions): Promise<RecordPage> {
    assertPage(userId, options);
    return listBoth({ from: this.#from, to: this.#to }, userId, options);
  }

  /** Ends each record as `destroy` does, because a record may move at this moment. */
  async destroyByUser(
    userId: string,
    { kind, limit }: { kind: string; limit: number },
  ): Promise<{ ended: number; more: boolean }> {
    let page: RecordPage;
    let after: string | undefined;
    do {
      page = await this.listByUser(userId, { kind, limit, after });
      after = page.next ?? undefined;
    } while (after !== undefined && page.records.length + page.damaged.length === 0);
    const ids = [...page.records.map(({ id }) => id), ...page.damaged];
    const ended = await Promise.all(ids.map((id) => this.destroy(id)));
    return { ended: ended.filter((record) => record !== null).length, more: page.next !== null };
  }

  async prune({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}): Promise<number> {
    const options = (left: number) => (Number.isFinite(left) ? { limit: left } : {});
    const removed = await this.#to.prune(options(limit));
    if (removed >= limit) return removed;
    return removed + (await this.#from.prune(options(limit - removed)));
  }

  /**
   * Moves all records of a user now, including those of browsers that have not come back for a long time. Call it for
   * every user before you deploy `to` alone. Does nothing if `moving` is false.
   *
   * @param userId the user's id as the store sees it: docs/records.md says what a realm adds to it
   * @returns how many records it found in `from`
   */
  async moveByUser(userId: string): Promise<number> {
    assertId("userId", userId);
    if (!this.#moving) return 0;
    let moved = 0;
    for (const kind of USER_KINDS) {
      let after: string | undefined;
      do {
        const page = await this.#from.listByUser(userId, { kind, limit: PAGE, after });
        for (const { id } of page.records) await this.#find(id);
        moved += page.records.length;
        after = page.next ?? undefined;
      } while (after !== undefined);
    }
    return moved;
  }

  /** Finds a record, and moves it if records move. */
  async #find(id: string): Promise<Found | null> {
    for (let tried = 0; tried < MAX_TRIES; tried++) {
      const found = await this.#locate(id);
      if (!found || !this.#moving || found.store === this.#to || found.isHeld) return found;
      if (await moveRecord(this.#from, this.#to, id, found.record)) return { ...found, store: this.#to };
    }
    throw new StoreUnavailableError("a record could not be moved");
  }

  /**
   * The record in `to` counts. `to` is read again, because the record may move between the first two reads.
   *
   * An end that failed halfway has taken the id in one store, and left the record in the other. This record is still
   * found. If it were not, the user would seem logged out, and would be logged in again once the id is free.
   */
  async #locate(id: string): Promise<Found | null> {
    let isHeld = false;
    for (const store of [this.#to, this.#from, this.#to]) {
      const record = await store.read(id);
      if (record && !isEnded(record)) return { store, record, isHeld };
      isHeld ||= record !== null;
    }
    return null;
  }

  /** Changes a record where it is. If it moved meanwhile, changes it there. */
  async #change(id: string, change: (store: SessionStore) => Promise<boolean>): Promise<boolean> {
    const found = await this.#find(id);
    if (!found) return false;
    if (await change(found.store)) return true;
    if (found.store === this.#to) return false;
    const moved = await this.#locate(id);
    return moved !== null && moved.store !== found.store && (await change(moved.store));
  }

  /** @throws SessionExistsError if the id is taken, unless only by an ended record */
  async #freeIn(store: SessionStore, id: string): Promise<void> {
    const record = await store.read(id);
    if (!record) return;
    if (!isEnded(record)) throw new SessionExistsError();
    await free(store, id, record);
  }
}
