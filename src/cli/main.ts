#!/usr/bin/env node
import { run } from "./run.js";

// A reader such as `head` may close the pipe before everything is written.
process.stdout.on("error", () => process.exit(1));

// `doctor --app` redirects the application's output to stderr. The result is printed with the original `write`.
const print = process.stdout.write.bind(process.stdout);
const { stdout = "", stderr = "", exitCode } = await run(process.argv.slice(2));
await Promise.all([
  new Promise((written) => print(stdout, written)),
  new Promise((written) => process.stderr.write(stderr, written)),
]);
// A server that does not respond, or the application that `doctor --app` imports, would keep the process alive.
process.exit(exitCode);
