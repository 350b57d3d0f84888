/** A call that is not over yet. */
interface Pending {
  /** By `performance.now()`. */
  until: number;
  expire(): void;
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
      const fail = (error: unknown) => {
        this.#pending.delete(pending);
        reject(failed(error));
      };
      const until = performance.now() + this.#within;
      const pending = { until, expire: () => fail(new Error(`no answer within ${this.#within} ms`)) };
      this.#pending.add(pending);
      this.#timer ??= this.#wakeIn(this.#within);
      const done = (value: T) => {
        if (this.#pending.delete(pending)) resolve(value);
      };
      const failedInTime = (error: unknown) => {
        if (this.#pending.has(pending)) fail(error);
      };
      try {
        call().then(done, failedInTime);
      } catch (error) {
        fail(error);
      }
    });
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
      pending.expire();
    }
    this.#timer = next === undefined ? undefined : this.#wakeIn(Math.ceil(next));
  }
}
