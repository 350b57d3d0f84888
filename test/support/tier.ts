import { appendFileSync } from "node:fs";

/**
 * Is this the first tier, `npm test`? It takes minutes and needs nothing that `npm ci` did not install. `npm run
 * test:all` runs every test, this tier's too.
 */
export const isQuick = process.env.QUICK === "1";

/**
 * The variable that names a file for what a run leaves out. The reporter sets it, for each process that the run has.
 */
export const LEFT_OUT = "LATCHKEY_TESTS_LEFT_OUT";

/** Notes that this run leaves a part out, and why. The reporter lists the parts at the end. */
export function leaveOut(what: string, why: string): void {
  const file = process.env[LEFT_OUT];
  if (file) appendFileSync(file, `${JSON.stringify([what, why])}\n`);
}

/** Notes that the first tier leaves this out. */
export function leaveToTestAll(what: string): void {
  leaveOut(what, "npm run test:all has it");
}

/** A suite that takes long: the first tier leaves it out. */
export function inTestAll(title: string, suite: (this: Mocha.Suite) => void): void {
  if (isQuick) leaveToTestAll(title);
  else describe(title, suite);
}

/**
 * Throws in the first tier. Code that starts or uses a server calls this, so that no test of that tier depends on a
 * server unnoticed.
 */
export function refuseInQuickTier(server: string): void {
  if (isQuick)
    throw new Error(`npm test runs without ${server}: ask for it with backendsHere(), inChromium() or inTestAll()`);
}
