import { contended } from "../errors.js";
import type { JsonObject } from "../json.js";
import { pauseBeforeRetry } from "../store/retry-pause.js";
import type { SessionRecord, SessionStore, SessionUpdate } from "../store/session-store.js";
import { type Changed, changedData } from "./snapshot.js";

/** The times that an update depends on. */
export interface SessionTimeouts {
  /** Returns when a session with this data expires if it is used now. */
  expiryOf(data: JsonObject, createdAt: number, now: number): number;
  /** Is it long ago that the session was last seen in the store? */
  isTouchDue(data: JsonObject, lastSeenAt: number): boolean;
}

/** An update of a session that is being written, and the changes that wait for it. */
interface Turn {
  writing: Promise<SessionRecord | null>;
  /** The changes that the next update writes. */
  waiting: Changed[];
  next: Promise<SessionRecord | null> | undefined;
}

/** How many times an update is tried while other processes change the session. */
const MAX_TRIES = 20;

/**
 * Merges the changes that concurrent requests of this process make to the same session. While one update is being
 * written, the changes of all other requests are collected. The next update writes them together. So 300 concurrent
 * requests need only a few updates, and no request has to try again.
 */
export class MergedUpdates {
  readonly #turns = new Map<string, Turn>();

  constructor(
    private readonly store: SessionStore,
    private readonly timeouts: SessionTimeouts,
  ) {}

  /**
   * Writes these changes, perhaps together with changes of other requests. Resolves with the updated record, or with
   * null if the session has ended. Rejects if the update fails.
   *
   * @param base the record as the request last read it
   */
  update(id: string, base: SessionRecord, changes: readonly Changed[]): Promise<SessionRecord | null> {
    const turn = this.#turns.get(id);
    if (!turn) return this.#start(id, changes, { base });
    turn.waiting.push(...changes);
    turn.next ??= turn.writing.then(
      (written) => this.#start(id, turn.waiting, { base: written ?? base, isOthers: true }),
      () => this.#start(id, turn.waiting, { base }), // the next update may succeed even if this one failed
    );
    return turn.next;
  }

  #start(id: string, changes: readonly Changed[], from: Base): Promise<SessionRecord | null> {
    const turn: Turn = { writing: this.#write(id, changes, from), waiting: [], next: undefined };
    this.#turns.set(id, turn);
    const finish = () => {
      if (!turn.next) this.#turns.delete(id);
    };
    turn.writing.then(finish, finish);
    return turn.writing;
  }

  /**
   * Makes changes to the record, which other processes may have changed since it was read. Resolves with the new
   * record; with null if the session has ended.
   */
  async #write(id: string, changes: readonly Changed[], from: Base): Promise<SessionRecord | null> {
    let { base, isOthers = false }: { base: SessionRecord | null; isOthers?: boolean } = from;
    for (let tried = 1; base; tried++) {
      const { createdAt, revision } = base;
      const now = Date.now();
      const data = changedData(base.data, changes);
      // If other requests have made the same changes, as after a change of the client's address, nothing is written.
      const isMade = isOthers && isSame(data, base.data) && !this.timeouts.isTouchDue(data, base.lastSeenAt);
      if (isMade && tried > 1) return base;
      if (!isMade) {
        const lastSeenAt = Math.max(now, base.lastSeenAt); // never earlier, even if the clock was set back
        const expiresAt = this.timeouts.expiryOf(data, createdAt, now);
        const update: SessionUpdate = { data, lastSeenAt, expiresAt, revision };
        if (await this.store.update(id, update)) return { ...base, ...update, revision: revision + 1 };
        if (tried === MAX_TRIES) throw contended("the session");
        await pauseBeforeRetry(tried);
      }
      base = await readSession(this.store, id);
      isOthers = true;
    }
    return null;
  }
}

/** The record that an update starts from. */
interface Base {
  base: SessionRecord;
  /** Has another request changed the record since the request of the update read it? */
  isOthers?: boolean;
}

/** Reads the record of a session; null if there is no record, or if it is of another kind. */
export async function readSession(store: SessionStore, id: string): Promise<SessionRecord | null> {
  const record = await store.read(id);
  return record?.kind === "session" ? record : null;
}

function isSame(one: JsonObject, other: JsonObject): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
