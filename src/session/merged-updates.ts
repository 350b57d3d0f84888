import type { SessionRecord } from "../store/session-store.js";
import type { Changed } from "./snapshot.js";

/** Writes changes to a record. Resolves with the new record, or with null if the session has ended. */
type Write = (id: string, base: SessionRecord, changes: readonly Changed[]) => Promise<SessionRecord | null>;

/** An update of a session that is being written, and the changes that wait for it. */
interface Turn {
  writing: Promise<SessionRecord | null>;
  /** The changes that the next update writes. */
  waiting: Changed[];
  next: Promise<SessionRecord | null> | undefined;
}

/**
 * Merges the changes that concurrent requests of this process make to the same session. While one update is being
 * written, the changes of all other requests are collected. The next update writes them together. So 300 concurrent
 * requests need only a few updates, and no request has to try again.
 */
export class MergedUpdates {
  readonly #turns = new Map<string, Turn>();

  constructor(private readonly write: Write) {}

  /**
   * Writes these changes, perhaps together with changes of other requests. Resolves with the updated record, or with
   * null if the session has ended. Rejects if the update fails.
   *
   * @param base the record as the request last read it
   */
  update(id: string, base: SessionRecord, changes: readonly Changed[]): Promise<SessionRecord | null> {
    const turn = this.#turns.get(id);
    if (!turn) return this.#start(id, base, changes);
    turn.waiting.push(...changes);
    turn.next ??= turn.writing.then(
      (written) => this.#start(id, written ?? base, turn.waiting),
      () => this.#start(id, base, turn.waiting), // the next update may succeed even if this one failed
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
