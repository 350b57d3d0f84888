import type { Exchange } from "./client.js";
import type { Trace } from "./spec.js";

/** So many rounds of the program without a move of a case are a hang: a round waits for timers, the disk and the threads. */
const ROUNDS_OF_A_HANG = 12;
/** The connection is closed, and nothing moves in the program for so many rounds. */
const ROUNDS_AT_THE_END = 4;

/** A case that a program is working on. */
export class RunningCase {
  exchange: Exchange | undefined;
  /** The connection stayed open when nothing moved any more. */
  hung = false;
  settle!: (trace: Trace) => void;
  /** Resolves with what happened, once nothing more happens. */
  readonly settled = new Promise<Trace>((resolve) => {
    this.settle = resolve;
  });
  #isSettling = false;
  #moves = -1;
  #quietRounds = 0;

  constructor(
    readonly id: string,
    /** Does the client leave when the handler is reached? */
    readonly leavesEarly: boolean,
  ) {}

  /** The connection is closed, and the program is asked what happened. */
  beginSettling(): void {
    this.#isSettling = true;
    this.#quietRounds = 0;
  }

  /** The program has gone around once: does nothing move any more? The connection of a case that hangs is closed. */
  isStuck(movesOfProgram: number): boolean {
    const moves = movesOfProgram + (this.exchange?.moves ?? 0);
    this.#quietRounds = moves === this.#moves ? this.#quietRounds + 1 : 0;
    this.#moves = moves;
    if (this.#isSettling) return this.#quietRounds >= ROUNDS_AT_THE_END;
    if (this.#quietRounds < ROUNDS_OF_A_HANG) return false;
    this.hung = true;
    this.exchange?.leave();
    return false;
  }
}
