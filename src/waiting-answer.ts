import type { Response } from "express";

/** A whole answer that is not made yet. Meanwhile its response looks as Node would have left it. */
export class WaitingAnswer {
  readonly #before = new Map<PropertyKey, unknown>();
  #isShown = false;

  /**
   * @param shown the properties that the answer changes
   * @param end the method that makes the answer
   */
  constructor(
    private readonly res: Response,
    private readonly shown: ReadonlyMap<PropertyKey, unknown>,
    private readonly end: (...args: unknown[]) => unknown,
    private readonly args: unknown[],
  ) {
    this.show();
  }

  give(): void {
    this.end.apply(this.res, this.args);
  }

  /** Another answer takes its place; the handler's callback is about that one then. */
  giveUp(): void {
    const done = this.args.find((arg) => typeof arg === "function");
    if (done) this.res.once("finish", done as () => void);
  }

  show(): void {
    this.#isShown = true;
    for (const [key, value] of this.shown) {
      this.#before.set(key, Reflect.get(this.res, key));
      Reflect.set(this.res, key, value);
    }
  }

  /** Tells whether it was shown. */
  hide(): boolean {
    if (!this.#isShown) return false;
    this.#isShown = false;
    for (const [key, value] of this.#before) Reflect.set(this.res, key, value);
    return true;
  }
}
