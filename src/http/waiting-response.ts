import type { Response } from "express";

/** Properties that Node reads when it makes a response. Changes that a handler makes after `end` have no effect. */
const LATE = ["statusCode", "statusMessage", "_trailer"];

/** A whole response that Node has not made yet. To the handler, it looks as if Node had made it. */
export class WaitingResponse {
  readonly #before = new Map<PropertyKey, unknown>();
  #isShown = true;

  /**
   * @param shown the properties that `end` changes, with their new values
   * @param end the method that makes the response
   */
  constructor(
    private readonly res: Response,
    private readonly shown: ReadonlyMap<PropertyKey, unknown>,
    private readonly end: (...args: unknown[]) => unknown,
    private readonly args: unknown[],
  ) {
    for (const key of [...LATE, ...shown.keys()]) this.#before.set(key, Reflect.get(res, key));
    this.#set(shown);
  }

  /** Runs `change` on the response as it was before `end`. */
  without(change: () => void): void {
    if (!this.#isShown) return void change(); // this call is inside another change
    const late = this.hide();
    change();
    this.#isShown = true;
    this.#set(this.shown);
    this.#set(late);
  }

  /**
   * Resets the response to its state before `end`. Returns the properties that the handler may have changed after
   * `end`.
   */
  hide(): ReadonlyMap<PropertyKey, unknown> {
    const late = new Map(LATE.map((key) => [key, Reflect.get(this.res, key) as unknown]));
    this.#isShown = false;
    this.#set(this.#before);
    return late;
  }

  /** Makes the response, then sets the properties that `hide` returned. Called after `hide`. */
  give(late: ReadonlyMap<PropertyKey, unknown>): void {
    this.end.apply(this.res, this.args);
    this.#set(late);
  }

  /**
   * Called after `hide` if another response replaces this one. The callback that the handler passed to `end` runs when
   * the other response has finished.
   */
  giveUp(): void {
    const done = this.args.find((arg) => typeof arg === "function");
    if (done) this.res.once("finish", done as () => void);
  }

  #set(values: ReadonlyMap<PropertyKey, unknown>): void {
    for (const [key, value] of values) Reflect.set(this.res, key, value);
  }
}
