import { LatchkeyError } from "../errors.js";

/**
 * A copy of this package in the process. An application should have only one, because each copy recognizes only its own
 * requests.
 */
export interface Copy {
  /** Does the code that is running belong to a request of this copy? */
  isServing(): boolean;
}

const COPIES = Symbol.for("latchkey.copies");
const shared = globalThis as { [COPIES]?: Set<Copy> };

/** Registers a copy of this package, so that other copies can detect it. */
export function noteCopy(copy: Copy): void {
  shared[COPIES] ??= new Set();
  shared[COPIES].add(copy);
}

/** Does another copy of this package have a manager in this process? Call this only from a copy that has a manager. */
export function hasCopiesBeside(): boolean {
  return (shared[COPIES]?.size ?? 0) > 1;
}

/** The other copies of this package in the process that have a manager. */
export function copiesBeside(copy: Copy): Copy[] {
  return [...(shared[COPIES] ?? [])].filter((other) => other !== copy);
}

/** The error for a request or a manager that belongs to another copy of this package. */
export function secondCopy(what: string): LatchkeyError {
  return new LatchkeyError(
    "second_copy",
    500,
    `${what} belongs to another copy of latchkey: the package was loaded twice, and each copy recognizes only its own ` +
      "requests. Run `npm ls latchkey`, and keep one copy",
  );
}
