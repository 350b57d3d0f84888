import { fileURLToPath } from "node:url";
import { build } from "vitepress";
import { checkSite } from "./check-site.js";
import { writeForMachines } from "./for-machines.js";
import { writeParts } from "./parts.js";
import { writeReference } from "./reference.js";

// Everything below is relative to this folder, wherever it is called from.
process.chdir(fileURLToPath(new URL(".", import.meta.url)));

writeParts("generated");
const problems = await writeReference("reference");
if (problems.length === 0 && !process.argv.includes("--only-generate")) {
  await build(".");
  problems.push(...writeForMachines(".vitepress/dist"), ...checkSite(".vitepress/dist"));
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
