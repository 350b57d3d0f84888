import type { Changed } from "./session-changes.js";
import type { SessionRecord } from "./session-store.js";

/** Writes changes over a record; null when the session has ended. */
type Write = (id: string, base: SessionRecord, changes: readonly Changed[]) => Promise<SessionRecord | null>;

/** The update of a session that is being written, and what waits for it. */
interface Turn {
  writing: Promise<SessionRecord | null>;
  /** The changes that the next update writes. */
  waiting: Changed[];
  next: Promise<SessionRecord | null> | undefined;
}

/**
 * Lets the requests of this process that change one session at once take turns: while one update is written, the changes of all others
 * are collected, and one next update writes them together. So 300 requests at once take a few updates, and none has to try again.
 */
export class MergedUpdates {
  readonly #turns = new Map<string, Turn>();

  constructor(private readonly write: Write) {}

  /**
   * The record after an update with these changes, which may hold those of other requests too. It rejects as the update does.
   *
   * @param base the record as the request last knew it
   */
  update(id: string, base: SessionRecord, changes: readonly Changed[]): Promise<SessionRecord | null> {
    const turn = this.#turns.get(id);
    if (!turn) return this.#start(id, base, changes);
    turn.waiting.push(...changes);
    turn.next ??= turn.writing.then(
      (written) => this.#start(id, written ?? base, turn.waiting),
      () => this.#start(id, base, turn.waiting), // the store decides for each update anew
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
