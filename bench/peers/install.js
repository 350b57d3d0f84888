import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Installs this folder's packages if they are missing, and links them so that the compiled code finds them.
process.chdir(fileURLToPath(new URL(".", import.meta.url)));
const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
if (!Object.keys(dependencies).every((name) => existsSync(`node_modules/${name}`))) {
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { stdio: "inherit" });
}
const compiled = "../../build/bench/peers";
mkdirSync(compiled, { recursive: true });
rmSync(`${compiled}/node_modules`, { force: true, recursive: true });
symlinkSync("../../../bench/peers/node_modules", `${compiled}/node_modules`);
