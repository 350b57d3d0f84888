import { appendFileSync } from "node:fs";

/**
 * Is this the quick tier, `npm test`? It takes minutes, and needs only what `npm ci` installs. `npm run test:all` runs
 * all tests, including the quick tier.
 */
export const isQuick = process.env.QUICK === "1";

/** The environment variable with the path of a file. A run lists the parts that it leaves out in this file. */
export const LEFT_OUT = "LATCHKEY_TESTS_LEFT_OUT";

/** Records that this run leaves out a part, and the reason. The reporter lists these parts at the end. */
export function leaveOut(what: string, why: string): void {
  const file = process.env[LEFT_OUT];
  if (file) appendFileSync(file, `${JSON.stringify([what, why])}\n`);
}

/** Records that the quick tier leaves out a part. */
export function leaveToTestAll(what: string): void {
  leaveOut(what, "npm run test:all runs it");
}

/** Defines a slow suite. The quick tier leaves it out. */
export function inTestAll(title: string, suite: (this: Mocha.Suite) => void): void {
  if (isQuick) leaveToTestAll(title);
  else describe(title, suite);
}

/**
 * Throws in the quick tier. Code that uses a server calls this, so that quick tests cannot depend on a server by
 * accident.
 */
export function refuseInQuickTier(server: string): void {
  if (isQuick) throw new Error(`npm test runs without ${server}: use backendsHere(), inChromium() or inTestAll()`);
}
