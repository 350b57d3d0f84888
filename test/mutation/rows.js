/**
 * Checks the claims of docs/security.md. For each row, it applies the patches that the row names to a copy of the
 * package. Each test that the row names must fail with at least one of these patches.
 *
 *     npm run test:claims                  all rows
 *     npm run test:claims -- 7.4.3 R-11    these rows
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { securityRows, testsIn, titlePattern } from "../../build/test/support/security-page.js";

/**
 * @typedef {object} Patch
 * @property {string} file
 * @property {string} find occurs in the file exactly once
 * @property {string} put the replacement for `find`
 */

const run = promisify(execFile);
const PATCHES = "test/mutation/rows";
const COPY = "build/claims";
/** The time limits of a test and of all tests in one file, in milliseconds. A patch may make a test wait for ever. */
const PATCHED = { test: 60_000, file: 600_000 };
/** The same without a patch: long enough for a busy machine. */
const UNPATCHED = { test: 600_000, file: 3_600_000 };

const wanted = process.argv.slice(2);
const rows = securityRows().filter(
  ({ id, brokenBy }) => brokenBy.length > 0 && (wanted.length === 0 || wanted.includes(id)),
);
const unknown = wanted.filter((id) => !rows.some((row) => row.id === id));
if (unknown.length > 0) throw new Error(`no row with a patch: ${unknown.join(", ")}`);

/** The tests that must fail with each patch: the tests of all rows that name the patch. */
const byPatch = new Map(rows.flatMap(({ brokenBy }) => brokenBy).map((name) => [name, new Map()]));
for (const { shownBy, brokenBy } of rows) {
  for (const name of brokenBy) for (const test of testsIn(shownBy)) byPatch.get(name).set(keyOf(test), test);
}

makeCopy();
const all = new Map(rows.flatMap(({ shownBy }) => testsIn(shownBy)).map((test) => [keyOf(test), test]));
const failingAnyway = await failingBy([], [...all.values()]);
if (failingAnyway.size > 0) throw new Error(`these tests fail even without a patch: ${[...failingAnyway].join("; ")}`);
console.log(`all ${all.size} tests pass without a patch`);
/** The tests that fail with each patch. @type {Map<string, Set<string>>} */
const failing = new Map();
for (const [name, tests] of byPatch) {
  const began = Date.now();
  const patches = readPatch(name);
  for (const patch of patches) assertFits(patch);
  const needed = [...tests.values()].filter((test) => rows.some((row) => waits(row, name, test)));
  failing.set(name, needed.length > 0 ? await failingBy(patches, needed) : new Set());
  const seconds = Math.round((Date.now() - began) / 1000);
  console.log(`${name}: ${failing.get(name).size} of ${needed.length} tests fail (${seconds} s)`);
}

let survived = 0;
let caught = 0;
for (const { id, shownBy, brokenBy } of rows) {
  for (const test of testsIn(shownBy)) {
    if (isCaught({ brokenBy }, test)) caught++;
    else {
      survived++;
      console.error(`${id}: ${test.file} "${test.title}" passes with ${brokenBy.join(", ")}`);
    }
  }
}
console.log(`${caught} passed, ${survived} failed`);
if (survived > 0) process.exitCode = 1;

/** Does the row name this test and this patch, and has no earlier patch of the row made the test fail? */
function waits({ shownBy, brokenBy }, name, test) {
  const isIts = brokenBy.includes(name) && testsIn(shownBy).some((one) => keyOf(one) === keyOf(test));
  return isIts && !isCaught({ brokenBy }, test);
}

function isCaught({ brokenBy }, test) {
  return brokenBy.some((name) => failing.get(name)?.has(keyOf(test)));
}

function keyOf({ file, title }) {
  return `${file} ${title}`;
}

/** @returns {Patch[]} */
function readPatch(name) {
  return [JSON.parse(readFileSync(join(PATCHES, `${name}.json`), "utf8"))].flat();
}

/** @throws if the current file does not contain the text exactly once */
function assertFits({ file, find }) {
  const times = readFileSync(join(COPY, file), "utf8").split(find).length - 1;
  if (times !== 1) throw new Error(`${file} must contain this once, not ${times} times: ${find}`);
}

/** Copies everything that the tests need, so that patches can change it. */
function makeCopy() {
  rmSync(COPY, { recursive: true, force: true });
  mkdirSync(join(COPY, "build"), { recursive: true });
  for (const name of readdirSync(".")) {
    if (["node_modules", "build", "dist", "coverage", ".git", "docs"].includes(name)) continue;
    cpSync(name, join(COPY, name), { recursive: true, filter: (path) => !path.endsWith("node_modules") });
  }
  cpSync("docs", join(COPY, "docs"), { recursive: true, filter: (path) => !path.endsWith("node_modules") });
  for (const name of readdirSync("build")) {
    if (name !== "claims") cpSync(join("build", name), join(COPY, "build", name), { recursive: true });
  }
  symlinkSync(join(process.cwd(), "node_modules"), join(COPY, "node_modules"));
}

/**
 * @param {Patch[]} patches
 * @returns {Promise<Set<string>>} the tests that fail
 */
async function failingBy(patches, tests) {
  const originals = new Map();
  const touchesExamples = patches.some(({ file }) => file.startsWith("examples/"));
  try {
    for (const { file, find, put } of patches) {
      assertFits({ file, find });
      const source = readFileSync(join(COPY, file), "utf8");
      if (!originals.has(file)) originals.set(file, source);
      writeFileSync(
        join(COPY, file),
        source.replace(find, () => put),
      );
    }
    await compile("tsconfig.json");
    await run("node", ["tools/bundle.js"], { cwd: COPY });
    if (touchesExamples) await compile("examples/tsconfig.json");
    const failed = new Set();
    for (const file of new Set(tests.map((test) => test.file))) {
      const titles = await failuresOf(
        file,
        tests.filter((test) => test.file === file),
        patches.length > 0 ? PATCHED : UNPATCHED,
      );
      for (const test of tests.filter((one) => one.file === file)) {
        if (titles.some((title) => new RegExp(titlePattern(test.title)).test(title))) failed.add(keyOf(test));
      }
    }
    return failed;
  } finally {
    for (const [file, source] of originals) writeFileSync(join(COPY, file), source);
    if (touchesExamples) cpSync("build/examples", join(COPY, "build/examples"), { recursive: true });
  }
}

/** Compiles the copy. A patch may cause type errors, but not syntax errors. */
async function compile(project) {
  const loose = ["--noUnusedLocals", "false", "--noUnusedParameters", "false"];
  await run("node_modules/.bin/tsc", ["-p", project, ...loose], { cwd: COPY }).catch((error) => {
    if (error.code !== 2 || /error TS1\d{3}:/.test(error.stdout)) throw new Error(error.stdout || error.message);
  });
}

/** The full titles of the tests of one file that fail. */
async function failuresOf(file, tests, limits) {
  const compiled = `build/${file.replace(/\.ts$/, ".js")}`;
  const report = join(process.cwd(), "build/claims-report.json");
  rmSync(report, { force: true });
  const grep = tests.map(({ title }) => `(?:${titlePattern(title)})`).join("|");
  const required = ["reflect-metadata", "build/test/support/server.js", "build/test/support/after-test.js"];
  const args = ["--no-config", "--exit", ...required.flatMap((name) => ["--require", name])];
  const how = [
    "--timeout",
    String(limits.test),
    "--reporter",
    "json",
    "--reporter-option",
    `output=${report}`,
    "--grep",
    grep,
  ];
  const env = { ...process.env, CI: "" };
  const ended = await run("node_modules/.bin/mocha", [...args, ...how, compiled], {
    cwd: COPY,
    env,
    timeout: limits.file,
    maxBuffer: 2 ** 28,
  }).then(
    () => null,
    (error) => error,
  );
  let result;
  try {
    result = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    if (ended?.signal && !ended.killed) throw new Error(`${file}: another process ended it with ${ended.signal}`);
    // The process ended early or reached the time limit because of the patch, so every requested test has detected the
    // patch.
    if (ended) return tests.map(({ title }) => title);
    throw new Error(`${file}: no report`);
  }
  if (result.stats.tests === 0 && result.stats.failures === 0)
    throw new Error(`${file}: no test has the title ${grep}`);
  return result.failures.map(({ fullTitle }) => fullTitle);
}
