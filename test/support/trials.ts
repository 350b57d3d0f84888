import { isQuick } from "./tier.js";

/** Is this `npm run test:soak`, which runs the long tests in full? Each of them then takes minutes. */
export const soaking = process.env.SOAK === "1";

/** The number of trials in `npm run test:soak`, in `npm run test:all` and in `npm test`, in this order. */
export function trials(inFull: number, otherwise: number, quick = otherwise): number {
  if (soaking) return inFull;
  return isQuick ? quick : otherwise;
}

/** The seed of the random numbers in property tests. Their titles show it. Set `FUZZ_SEED` to repeat a run. */
export const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
