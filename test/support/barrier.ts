/** A gate where requests wait until the test opens it. */
export class Gate {
  open!: () => void;
  readonly #opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
  #arrive: Array<() => void> = [];
  #waiting = 0;

  /** Waits until the gate is open. */
  pass(): Promise<void> {
    this.#waiting++;
    for (const tell of this.#arrive) tell();
    return this.#opened;
  }

  /** Resolves as soon as this many callers have arrived at the gate. */
  arrived(count = 1): Promise<void> {
    return new Promise((resolve) => {
      const tell = () => {
        if (this.#waiting >= count) resolve();
      };
      this.#arrive.push(tell);
      tell();
    });
  }
}
