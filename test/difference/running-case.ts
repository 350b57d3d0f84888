import type { Exchange } from "./client.js";
import type { Trace } from "./spec.js";

/** A case hangs if nothing happens in it for this many rounds. A round waits for a timer, the disk and a thread. */
const ROUNDS_OF_A_HANG = 12;
/** A case is done if its connection is closed and nothing happens in it for this many rounds. */
const ROUNDS_AT_THE_END = 4;

/** A case that a program is working on. */
export class RunningCase {
  exchange: Exchange | undefined;
  /** Was the connection still open when nothing happened any more? */
  hung = false;
  settle!: (trace: Trace) => void;
  /** Resolves with what happened, when nothing more happens. */
  readonly settled = new Promise<Trace>((resolve) => {
    this.settle = resolve;
  });
  #isSettling = false;
  #moves = -1;
  #quietRounds = 0;

  constructor(
    readonly id: string,
    /** Does the client leave when the handler starts? */
    readonly leavesEarly: boolean,
  ) {}

  /** Called when the connection is closed, before the program reports what happened. */
  beginSettling(): void {
    this.#isSettling = true;
    this.#quietRounds = 0;
  }

  /**
   * Called after each round of the program. Returns true if the connection is closed and nothing happens any more.
   * Closes the connection of a case that hangs.
   */
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
