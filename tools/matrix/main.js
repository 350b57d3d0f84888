import { ROWS, SHORT } from "./rows.js";
import { runRow } from "./run-row.js";

const args = process.argv.slice(2);
const known = args.includes("--short") ? SHORT : ROWS;
const named = args.filter((arg) => arg !== "--short");
const unknown = named.filter((name) => !known.some((row) => row.name === name));
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(", ")}; there are ${known.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

for (const row of known.filter(({ name }) => named.length === 0 || named.includes(name))) {
  const began = Date.now();
  const { versions, passed, problem } = await runRow(row);
  const seconds = Math.round((Date.now() - began) / 1000);
  console.log(`${problem ? "FAILED" : "ok    "} ${row.name}: ${passed} passed in ${seconds} s (${versions})`);
  if (problem) {
    console.error(problem);
    process.exitCode = 1;
  }
}
