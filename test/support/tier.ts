/**
 * Is this the first tier, `npm test`? It takes minutes and needs nothing that `npm ci` did not install. `npm run test:all` runs every
 * test, this tier's too.
 */
export const isQuick = process.env.QUICK === "1";

/** The parts that this run leaves out, and why. The reporter lists them at the end. */
export const leftOut = new Map<string, string>();

const IN_TEST_ALL = "npm run test:all has it";

/** Notes that the first tier leaves this out. */
export function leaveToTestAll(what: string): void {
  leftOut.set(what, IN_TEST_ALL);
}

/** A suite that takes long: the first tier leaves it out. */
export function inTestAll(title: string, suite: (this: Mocha.Suite) => void): void {
  if (isQuick) leaveToTestAll(title);
  else describe(title, suite);
}

/** Throws in the first tier. Code that starts or uses a server calls this, so that no test of that tier depends on a server unnoticed. */
export function refuseInQuickTier(server: string): void {
  if (isQuick)
    throw new Error(`npm test runs without ${server}: ask for it with backendsHere(), inChromium() or inTestAll()`);
}
