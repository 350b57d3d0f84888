/** The longest time that a call waits for the previous call, in milliseconds. */
const LONGEST_WAIT = 2_000;

/** Runs the calls for one id one after another, within this process. */
export class Turns {
  /** The last call for each id. */
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
