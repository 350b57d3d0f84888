import type { Response } from "express";

/** What Node reads of a response when it makes an answer. A handler may change it after its answer, when it is too late. */
const LATE = ["statusCode", "statusMessage", "_trailer"];

/** A whole answer that is not made yet. Meanwhile its response looks as if Node had made it. */
export class WaitingAnswer {
  readonly #before = new Map<PropertyKey, unknown>();
  #isShown = true;

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
    for (const key of [...LATE, ...shown.keys()]) this.#before.set(key, Reflect.get(res, key));
    this.#set(shown);
  }

  /** Runs `change` on the response as it was before the answer. */
  without(change: () => void): void {
    if (!this.#isShown) return void change(); // inside of another change
    const late = this.hide();
    change();
    this.#isShown = true;
    this.#set(this.shown);
    this.#set(late);
  }

  /** Returns the response to its state before the answer. Returns what the handler has changed since. */
  hide(): ReadonlyMap<PropertyKey, unknown> {
    const late = new Map(LATE.map((key) => [key, Reflect.get(this.res, key) as unknown]));
    this.#isShown = false;
    this.#set(this.#before);
    return late;
  }

  /** Makes the answer, once it was hidden, and brings back what the handler has changed meanwhile. */
  give(late: ReadonlyMap<PropertyKey, unknown>): void {
    this.end.apply(this.res, this.args);
    this.#set(late);
  }

  /** Called after `hide` if another answer replaces this one. The handler's callback then runs when the other answer has finished. */
  giveUp(): void {
    const done = this.args.find((arg) => typeof arg === "function");
    if (done) this.res.once("finish", done as () => void);
  }

  #set(values: ReadonlyMap<PropertyKey, unknown>): void {
    for (const [key, value] of values) Reflect.set(this.res, key, value);
  }
}
