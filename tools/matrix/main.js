import { inShort, ROWS, SHORT } from "./rows.js";
import { runRow } from "./run-row.js";

const args = process.argv.slice(2);
const isShort = args.includes("--short");
const named = args.filter((arg) => arg !== "--short");
const unknown = named.filter((name) => !ROWS.some((row) => row.name === name));
if (unknown.length > 0) {
  console.error(`unknown row: ${unknown.join(", ")}. The rows are ${ROWS.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}

const chosen = named.length > 0 || !isShort ? named : SHORT;
for (const row of ROWS.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
  const began = Date.now();
  const { versions, passed, problem } = await runRow(isShort ? inShort(row) : row);
  const seconds = Math.round((Date.now() - began) / 1000);
  console.log(`${problem ? "FAILED" : "ok    "} ${row.name}: ${passed} passed in ${seconds} s (${versions})`);
  if (problem) {
    console.error(problem);
    process.exitCode = 1;
  }
}
