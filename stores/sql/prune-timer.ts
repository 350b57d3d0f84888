/** Prunes regularly, until it is stopped. The intervals have jitter, so that processes do not prune in step. */
export class PruneTimer {
  readonly #every: number;
  readonly #prune: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;

  /** @param prune must not reject */
  constructor(every: number, prune: () => Promise<void>) {
    this.#every = every;
    this.#prune = prune;
    this.#start();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    const jittered = this.#every * (0.5 + Math.random());
    this.#timer = setTimeout(async () => {
      await this.#prune();
      if (this.#timer) this.#start();
    }, jittered).unref();
  }
}
