/** Do the long tests run in full? They take minutes then: `npm run test:soak`. */
export const soaking = process.env.SOAK === "1";

/** How often a trial is made: in full when soaking, else as often as the time of an ordinary run allows. */
export function trials(inFull: number, otherwise: number): number {
  return soaking ? inFull : otherwise;
}

/** Decides the random numbers of property tests, and is shown in their titles; `FUZZ_SEED` repeats a run. */
export const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
