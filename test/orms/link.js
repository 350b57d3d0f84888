// The package as it is built, and the driver that is compiled already, found by their names.
import { rmSync, symlinkSync } from "node:fs";

for (const [name, target] of [
  ["latchkey", "../../.."],
  ["better-sqlite3", "../../../node_modules/better-sqlite3"],
]) {
  rmSync(`node_modules/${name}`, { recursive: true, force: true });
  symlinkSync(target, `node_modules/${name}`);
}
