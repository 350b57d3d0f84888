import { MemoryStore, type RememberTokenStore, type SessionStore } from "latchkey";
import type { Verb } from "./watched-store.js";

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
export class TamperedStore {
  readonly inner = new MemoryStore();
  readonly store: SessionStore;
  calls: Verb[] = [];
  #armed: { at: number; tampering: Tampering } | undefined;
  #late: Array<Promise<unknown>> = [];
  #release = () => {};
  #released = Promise.resolve();

  constructor() {
    const rememberTokens = this.#tampered<RememberTokenStore>(this.inner.rememberTokens, "rememberTokens.");
    this.store = this.#tampered<SessionStore>(this.inner, "", { rememberTokens });
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

  #tampered<T extends object>(target: T, prefix: string, own: Partial<T> = {}): T {
    return new Proxy(target, {
      get: (_, name) => {
        if (name in own) return own[name as keyof T];
        const value = target[name as keyof T];
        if (typeof value !== "function") return value;
        const method = value as unknown as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => this.#pass(`${prefix}${String(name)}` as Verb, () => method.apply(target, args));
      },
    });
  }

  #pass(verb: Verb, run: () => Promise<unknown>): Promise<unknown> {
    const index = this.calls.push(verb) - 1;
    if (index !== this.#armed?.at) return run();
    const tampered = this.#armed.tampering(run, this.#released);
    this.#late.push(tampered);
    return tampered;
  }
}
