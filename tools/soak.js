import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";

/**
 * The third tier of tests, which takes hours. Every step runs, even after a failed one. The output is saved in a file
 * in the folder `soak`.
 *
 * @type {Array<{ name: string, command: [string, ...string[]], env?: Record<string, string> }>}
 */
const STEPS = [
  {
    name: "every test, with the full number of trials",
    command: ["node_modules/.bin/mocha", "--timeout", "2h", "build/test/**/*.test.js"],
    env: { SOAK: "1" },
  },
  { name: "the patches that must fail the tests of docs/security.md", command: ["npm", "run", "test:claims"] },
];

mkdirSync("soak", { recursive: true });
const file = join("soak", `${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.log`);
const log = createWriteStream(file);

/** @param {string} text */
function print(text) {
  process.stdout.write(text);
  log.write(text);
}

/** @param {STEPS[number]} step @returns {Promise<boolean>} did it succeed? */
function runStep({ command: [program, ...args], env }) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", print);
    child.once("error", (error) => {
      print(`${error.message}\n`);
      resolve(false);
    });
    child.once("close", (code) => resolve(code === 0));
  });
}

const ended = [];
for (const step of STEPS) {
  print(`\n== ${step.name}\n`);
  const began = Date.now();
  const isGood = await runStep(step);
  ended.push(`${isGood ? "ok    " : "FAILED"} ${step.name}: ${Math.round((Date.now() - began) / 1000)} s`);
  if (!isGood) process.exitCode = 1;
}
print(`\n${ended.join("\n")}\n`);
log.end();
console.log(`Saved in ${file}`);
