import { mkdir, readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { calls } from "./calls/main.js";
import { growth } from "./growth/main.js";
import type { Machine } from "./harness/machine.js";
import { fillPage, settingOf } from "./harness/page.js";
import type { Part } from "./harness/part.js";
import { latency } from "./latency/main.js";
import { login } from "./login/main.js";
import { profile } from "./profile/main.js";
import { pruning } from "./pruning/main.js";
import { request } from "./request/main.js";
import { sizing } from "./sizing/main.js";
import { soak } from "./soak/main.js";
import { start } from "./start/main.js";
import { tail } from "./tail/main.js";
import { trips } from "./trips/main.js";
import { versions } from "./versions/main.js";

const PARTS: readonly Part[] = [
  request as Part,
  tail as Part,
  versions as Part,
  profile as Part,
  trips as Part,
  login as Part,
  calls as Part,
  start as Part,
  soak as Part,
  latency as Part,
  growth as Part,
  pruning as Part,
  sizing as Part,
];

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    smoke: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    print: { type: "boolean", default: false },
    render: { type: "boolean", default: false },
    place: { type: "string" },
    node: { type: "string", default: process.execPath },
    nodes: { type: "string" },
  },
});
const { node } = flags;
const size = flags.smoke ? "smoke" : flags.quick ? "quick" : "full";
const unknown = positionals.filter((name) => !PARTS.some((part) => part.name === name));
if (unknown.length > 0) {
  console.error(`unknown part: ${unknown.join(", ")}. The parts are ${PARTS.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}

setInterval(() => {}, 60_000); // keeps this process alive while a Redis server starts
for (const part of PARTS) {
  if (positionals.length > 0 && !positionals.includes(part.name)) continue;
  await (flags.render ? render(part) : measure(part));
}
process.exit();

async function measure(part: Part): Promise<void> {
  const begun = performance.now();
  const results = await part.run({ size, node, nodes: flags.nodes?.split(",") ?? [node], place: flags.place });
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(`\n## ${part.name}\n\n${part.report(results)}\n\n${part.name}: ${seconds} s`);
  if (flags.print || flags.place || flags.smoke) return;
  await mkdir("bench/results", { recursive: true });
  await writeFile(resultsOf(part), `${JSON.stringify({ size, seconds, ...results }, null, 2)}\n`);
  await render(part);
}

/** Writes the tables, the chart and the part of the page from the results of the last run. */
async function render(part: Part): Promise<void> {
  const results = JSON.parse(await readFile(resultsOf(part), "utf8")) as { machine?: Machine };
  const setting = results.machine ? settingOf(results.machine) : "";
  const tables = [`# ${part.name}`, setting, part.report(results)].filter((text) => text !== "");
  await writeFile(`bench/results/${part.name}.md`, `${tables.join("\n\n")}\n`);
  if (part.draw) await writeFile(`docs/public/benchmark-${part.name}.svg`, part.draw(results));
  const chart = `<img src="/benchmark-${part.name}.svg" alt="The figures of this chart are in bench/results/${part.name}.md">`;
  const shown = [part.draw && chart, part.page?.(results)].filter((one) => one !== undefined);
  if (shown.length > 0) await fillPage(part.name, [setting, ...shown].join("\n\n"));
}

function resultsOf(part: Part): string {
  return `bench/results/${part.name}.json`;
}
