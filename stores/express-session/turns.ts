/** A call that hangs holds up the next one for so long at most, in milliseconds. */
const LONGEST_WAIT = 2_000;

/** Lets the calls about one id go one after the other, in this process. */
export class Turns {
  /** The last call about each id. */
  readonly #last = new Map<string, Promise<unknown>>();

  take<T>(id: string, call: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id);
    const turn = before ? atMost(LONGEST_WAIT, before).then(call) : call();
    const over = turn.then(
      () => {},
      () => {},
    );
    this.#last.set(id, over);
    void over.then(() => {
      if (this.#last.get(id) === over) this.#last.delete(id);
    });
    return turn;
  }
}

function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    void work.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
