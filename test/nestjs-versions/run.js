// Runs the tests of latchkey/nestjs with each version of NestJS in a folder of its own: node test/nestjs-versions/run.js 12
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const versions = ["10", "11", "12"];
const chosen = process.argv.slice(2);
const unknown = chosen.filter((version) => !versions.includes(version));
if (unknown.length > 0) throw new Error(`the versions are ${versions.join(", ")}, not ${unknown.join(", ")}`);

const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const run = (command, args, cwd = root) => execFileSync(command, args, { cwd, stdio: "inherit" });

for (const version of versions) {
  // The tests are compiled with the types of version 11.
  if (version !== "11" && chosen.length > 0 && !chosen.includes(version)) continue;
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], join(here, version));
}
run("node_modules/.bin/tsc", ["-p", here]);

for (const version of chosen.length > 0 ? chosen : versions) {
  const folder = join(here, version);
  // A copy, not a link: latchkey has to find the NestJS of this folder.
  const copy = join(folder, "node_modules/latchkey");
  rmSync(copy, { recursive: true, force: true });
  rmSync(join(folder, "build"), { recursive: true, force: true });
  mkdirSync(copy);
  const own = Object.keys(dependencies).map((name) => join("node_modules", name));
  for (const part of ["dist", "package.json", ...own]) cpSync(join(root, part), join(copy, part), { recursive: true });
  cpSync(join(root, "build/nestjs"), join(folder, "build"), { recursive: true });
  const { version: exact } = JSON.parse(readFileSync(join(folder, "node_modules/@nestjs/core/package.json"), "utf8"));
  console.log(`\nNestJS ${exact}`);
  const required = ["rejections-on-express-4", "server", "after-test", "still-open"].map(
    (name) => `--require=./build/test/support/${name}.js`,
  );
  const args = [
    "--no-config",
    "--require=reflect-metadata",
    ...required,
    "--timeout=20000",
    "--forbid-only",
    "--forbid-pending",
  ];
  const { status } = spawnSync(join(root, "node_modules/.bin/mocha"), [...args, "build/test/**/*.test.js"], {
    cwd: folder,
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = 1;
}
