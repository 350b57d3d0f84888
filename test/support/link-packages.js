// Runs in a test folder that has its own packages. Links the built latchkey, and compiled packages of the root folder,
// into its node_modules. The arguments are the names of the compiled packages.
import { rmSync, symlinkSync } from "node:fs";

const compiled = process.argv.slice(2).map((name) => [name, `../../../node_modules/${name}`]);
for (const [name, target] of [["latchkey", "../../.."], ...compiled]) {
  rmSync(`node_modules/${name}`, { recursive: true, force: true });
  symlinkSync(target, `node_modules/${name}`);
}
