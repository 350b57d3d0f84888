import { readFileSync } from "node:fs";

/**
 * Adds up the results of `npm test` and `npm run test:all` from the files that RESULTS named. `test:all` repeats the
 * tests of `npm test`, so each file counts once, with its result in `test:all`. No file may have fewer passed tests
 * there.
 */
const [quick, all] = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, "utf8")));
const sum = (/** @type {Record<string, number>} */ results) => Object.values(results).reduce((a, b) => a + b, 0);

const lost = Object.keys(quick).filter((file) => quick[file] > (all[file] ?? 0));
for (const file of lost) console.error(`${file}: ${quick[file]} passed in npm test, ${all[file] ?? 0} in test:all`);
if (lost.length > 0 || sum(quick) === 0) process.exitCode = 1;
else {
  console.log(
    `npm test: ${sum(quick)} passed; test:all: the same tests with coverage, and ${sum(all) - sum(quick)} more`,
  );
  console.log(`${sum(all)} passed, 0 failed`);
}
