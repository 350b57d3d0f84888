/** A call that has not settled yet. */
interface Pending {
  /** The deadline, by `performance.now()`. */
  until: number;
  reject(reason: unknown): void;
  failed: Outcomes["failed"];
}

/** Called once for each call, before its promise settles. */
interface Outcomes {
  responded(): void;
  /** Returns the error to reject with. */
  failed(error: unknown): unknown;
}

/** Gives each call a deadline. All calls share one timer, because a timer per call would cost more than most calls. */
export class Deadlines {
  readonly #within: number;
  /** The pending calls, in the order of their deadlines. */
  readonly #pending = new Set<Pending>();
  #timer: NodeJS.Timeout | undefined;

  /** @param within how long a call may take, in milliseconds */
  constructor(within: number) {
    this.#within = within;
  }

  /**
   * Resolves with the result of the call. If the call fails or takes too long, rejects with the error that `failed`
   * returns.
   */
  keep<T>(call: () => Promise<T>, { responded, failed }: Outcomes): Promise<T> {
    return new Promise((resolve, reject) => {
      const pending: Pending = { until: performance.now() + this.#within, reject, failed };
      this.#pending.add(pending);
      this.#timer ??= this.#wakeIn(this.#within);
      try {
        call().then(
          (value) => {
            if (!this.#pending.delete(pending)) return;
            responded();
            resolve(value);
          },
          (error: unknown) => this.#fail(pending, error),
        );
      } catch (error) {
        this.#fail(pending, error);
      }
    });
  }

  /** Rejects a call, unless it has already settled. */
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
      this.#fail(pending, new Error(`no response within ${this.#within} ms`));
    }
    this.#timer = next === undefined ? undefined : this.#wakeIn(Math.ceil(next));
  }
}
