import type { SessionRecord } from "../store/session-store.js";
import type { Changed } from "./snapshot.js";

/** Writes changes over a record; null when the session has ended. */
type Write = (id: string, base: SessionRecord, changes: readonly Changed[]) => Promise<SessionRecord | null>;

/** The update of a session that is being written, and the changes that wait for it. */
interface Turn {
  writing: Promise<SessionRecord | null>;
  /** The changes that the next update writes. */
  waiting: Changed[];
  next: Promise<SessionRecord | null> | undefined;
}

/**
 * Merges the updates of concurrent requests of this process that change the same session. While one update is being written, the changes
 * of all other requests are collected, and the next update writes them together. So 300 concurrent requests take a few updates, and no
 * request has to try again.
 */
export class MergedUpdates {
  readonly #turns = new Map<string, Turn>();

  constructor(private readonly write: Write) {}

  /**
   * Resolves with the record after an update with these changes; the record may also have changes of other requests. Rejects if the update
   * fails.
   *
   * @param base the record as the request last knew it
   */
  update(id: string, base: SessionRecord, changes: readonly Changed[]): Promise<SessionRecord | null> {
    const turn = this.#turns.get(id);
    if (!turn) return this.#start(id, base, changes);
    turn.waiting.push(...changes);
    turn.next ??= turn.writing.then(
      (written) => this.#start(id, written ?? base, turn.waiting),
      () => this.#start(id, base, turn.waiting), // the next update may succeed although this one failed
    );
    return turn.next;
  }

  #start(id: string, base: SessionRecord, changes: readonly Changed[]): Promise<SessionRecord | null> {
    const turn: Turn = { writing: this.write(id, base, changes), waiting: [], next: undefined };
    this.#turns.set(id, turn);
    const finish = () => {
      if (!turn.next) this.#turns.delete(id);
    };
    turn.writing.then(finish, finish);
    return turn.writing;
  }
}
