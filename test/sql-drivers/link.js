// The package as it is built, and the drivers that are compiled already, found by their names.
import { rmSync, symlinkSync } from "node:fs";

for (const [name, target] of [
  ["latchkey", "../../.."],
  ["better-sqlite3", "../../../node_modules/better-sqlite3"],
  ["sqlite3", "../../../node_modules/sqlite3"],
]) {
  rmSync(`node_modules/${name}`, { recursive: true, force: true });
  symlinkSync(target, `node_modules/${name}`);
}
