import type { Response } from "express";

/** A whole answer that is not made yet. Meanwhile its response looks as Node would have left it. */
export class WaitingAnswer {
  readonly #before = new Map<PropertyKey, unknown>();
  #isShown = false;

  /**
   * @param shown the properties that the answer changes
   * @param give makes the answer
   */
  constructor(
    private readonly res: Response,
    private readonly shown: ReadonlyMap<PropertyKey, unknown>,
    readonly give: () => unknown,
  ) {
    this.show();
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
