import { isQuick } from "./tier.js";

/** Do the long tests run in full? They take minutes then: `npm run test:soak`. */
export const soaking = process.env.SOAK === "1";

/** How often a trial is made: by `npm run test:soak`, by `npm run test:all`, and by `npm test`. */
export function trials(inFull: number, otherwise: number, quick = otherwise): number {
  if (soaking) return inFull;
  return isQuick ? quick : otherwise;
}

/** Decides the random numbers of property tests, and is shown in their titles; `FUZZ_SEED` repeats a run. */
export const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
