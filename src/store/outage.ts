import type { LoginEmitter } from "../events.js";

/** The shortest time between two reports of an outage, in milliseconds. */
const INTERVAL = 1000;

/**
 * Reports that a store fails, without an event for each call: the first failure at once, further ones at most once a
 * second with their number. Once the store has responded to a call, and no call has failed for a second, it reports
 * that the store works again.
 */
export class Outage {
  readonly #events: LoginEmitter<never>;
  /** Since when calls have failed; undefined if the store works. */
  #since: number | undefined;
  /** The failures that were not reported yet, and the last of them. */
  #failures = 0;
  #last: { operation: string; error: Error } | undefined;
  #hasResponded = false;
  /** Runs for a second after each report. */
  #timer: NodeJS.Timeout | undefined;

  constructor(events: LoginEmitter<never>) {
    this.#events = events;
  }

  failed(operation: string, error: Error): void {
    this.#since ??= Date.now();
    this.#hasResponded = false;
    this.#failures++;
    this.#last = { operation, error };
    if (!this.#timer) this.#report();
  }

  responded(): void {
    if (this.#since === undefined) return;
    this.#hasResponded = true;
    if (!this.#timer) this.#recovered(this.#since);
  }

  #report(): void {
    const details = { ...this.#last!, failures: this.#failures };
    this.#failures = 0;
    this.#last = undefined;
    this.#timer = setTimeout(() => this.#afterInterval(), INTERVAL).unref();
    this.#events.emit("storeFailed", details);
  }

  #afterInterval(): void {
    this.#timer = undefined;
    if (this.#failures > 0) this.#report();
    else if (this.#hasResponded && this.#since !== undefined) this.#recovered(this.#since);
  }

  #recovered(since: number): void {
    this.#since = undefined;
    this.#events.emit("storeRecovered", { since });
  }
}
