import { MemoryStore } from "latchkey";
import { type Verb, WatchedStore } from "./watched-store.js";

/** How one call goes wrong: `run` does what was asked for, `released` is when the test is over with the answer. */
export type Tampering = (run: () => Promise<unknown>, released: Promise<void>) => Promise<unknown>;

/** What a call can come to that neither fails before it does anything nor succeeds in time. */
export const tamperings: Record<string, Tampering> = {
  fails: () => Promise.reject(new Error("connection refused")),
  hangs: () => new Promise(() => {}),
  "is done, and the answer is lost": async (run) => {
    await run();
    throw new Error("connection reset");
  },
  "is done at once and answered too late": async (run, released) => {
    const value = await run();
    await released;
    return value;
  },
  "is done too late": async (run, released) => {
    await released;
    return run();
  },
};

/** A memory store of which one call, the nth from `arm` on, goes wrong. */
export class TamperedStore extends WatchedStore {
  #armed: { at: number; tampering: Tampering } | undefined;
  #late: Array<Promise<unknown>> = [];
  #release = () => {};
  #released = Promise.resolve();

  constructor() {
    super(new MemoryStore());
  }

  /** From now on calls are counted, and this one goes wrong. */
  arm(at: number, tampering: Tampering): void {
    this.calls = [];
    this.#armed = { at, tampering };
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  /** Lets what is late come about, and everything go well from now on. */
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
