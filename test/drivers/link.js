// The package as it is built, found by its name.
import { rmSync, symlinkSync } from "node:fs";

rmSync("node_modules/latchkey", { recursive: true, force: true });
symlinkSync("../../..", "node_modules/latchkey");
