// Run in a folder of tests with packages of its own: the package as it is built, and packages of the root that are compiled already, are
// found there by their names. The arguments are the names of those packages.
import { rmSync, symlinkSync } from "node:fs";

const compiled = process.argv.slice(2).map((name) => [name, `../../../node_modules/${name}`]);
for (const [name, target] of [["latchkey", "../../.."], ...compiled]) {
  rmSync(`node_modules/${name}`, { recursive: true, force: true });
  symlinkSync(target, `node_modules/${name}`);
}
