/** A call that is not over yet. */
interface Pending {
  /** By `performance.now()`. */
  until: number;
  reject(reason: unknown): void;
  /** What to reject with for an error. */
  failed(error: unknown): unknown;
}

/** Calls that may take so long at most, with one timer for all of them: one for each would cost more than most calls do. */
export class Deadlines {
  readonly #within: number;
  /** In the order of their deadlines. */
  readonly #pending = new Set<Pending>();
  #timer: NodeJS.Timeout | undefined;

  /** @param within in milliseconds */
  constructor(within: number) {
    this.#within = within;
  }

  /** What the call gives, or what `failed` makes of its error, or of its being late. */
  keep<T>(call: () => Promise<T>, failed: (error: unknown) => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const pending: Pending = { until: performance.now() + this.#within, reject, failed };
      this.#pending.add(pending);
      this.#timer ??= this.#wakeIn(this.#within);
      try {
        call().then(
          (value) => {
            if (this.#pending.delete(pending)) resolve(value);
          },
          (error: unknown) => this.#fail(pending, error),
        );
      } catch (error) {
        this.#fail(pending, error);
      }
    });
  }

  /** What comes too late is not heard. */
  #fail(pending: Pending, error: unknown): void {
    if (this.#pending.delete(pending)) pending.reject(pending.failed(error));
  }

  #wakeIn(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.#expire(), milliseconds).unref();
  }

  #expire(): void {
    const now = performance.now();
    let next: number | undefined;
    for (const pending of this.#pending) {
      if (pending.until > now) {
        next = pending.until - now;
        break;
      }
      this.#fail(pending, new Error(`no answer within ${this.#within} ms`));
    }
    this.#timer = next === undefined ? undefined : this.#wakeIn(Math.ceil(next));
  }
}
