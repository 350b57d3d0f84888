import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { examine } from "./check.js";
import { draw } from "./draw.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const PICTURE = "docs/public/house.svg";

const { modules, problems } = await examine(root);
const picture = draw(modules);
if (process.argv.includes("--draw")) writeFileSync(root + PICTURE, picture);
else if (readFileSync(root + PICTURE, "utf8") !== picture) {
  problems.push(`${PICTURE} does not match the imports. Draw it again with \`npm run house -- --draw\`.`);
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
