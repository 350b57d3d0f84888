import { MemoryStore } from "latchkey";
import { type Verb, WatchedStore } from "./watched-store.js";

/**
 * A way in which one call fails. `run` makes the real call. `released` resolves when the test has received the
 * response.
 */
export type Tampering = (run: () => Promise<unknown>, released: Promise<void>) => Promise<unknown>;

/** The ways in which a call can fail, also after it has changed the store. */
export const tamperings: Record<string, Tampering> = {
  fails: () => Promise.reject(new Error("connection refused")),
  hangs: () => new Promise(() => {}),
  "succeeds, but its result is lost": async (run) => {
    await run();
    throw new Error("connection reset");
  },
  "succeeds, but returns too late": async (run, released) => {
    const value = await run();
    await released;
    return value;
  },
  "runs too late": async (run, released) => {
    await released;
    return run();
  },
};

/** A memory store in which one call fails: the call with the index that `arm` was given. */
export class TamperedStore extends WatchedStore {
  #armed: { at: number; tampering: Tampering } | undefined;
  #late: Array<Promise<unknown>> = [];
  #release = () => {};
  #released = Promise.resolve();

  constructor() {
    super(new MemoryStore());
  }

  /** Counts the calls from now on, and makes the call with the index `at` fail. */
  arm(at: number, tampering: Tampering): void {
    this.calls = [];
    this.#armed = { at, tampering };
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  /** Lets the late call finish, and makes every later call succeed. */
  async mend(): Promise<void> {
    this.#armed = undefined;
    this.#release();
    await Promise.race([Promise.allSettled(this.#late), new Promise((resolve) => setImmediate(resolve))]);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  protected override pass<T>(verb: Verb, call: () => Promise<T>): Promise<T> {
    const index = this.calls.push(verb) - 1;
    if (index !== this.#armed?.at) return call();
    const tampered = this.#armed.tampering(call, this.#released);
    this.#late.push(tampered);
    return tampered as Promise<T>;
  }
}
