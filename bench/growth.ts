import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Part } from "./harness/part.js";

/** Many sessions; a program of its own, which writes its own results. */
export const growth: Part = {
  name: "growth",
  async run({ size }) {
    const program = fileURLToPath(new URL("./scale/main.js", import.meta.url));
    const child = spawn(process.execPath, [program, ...(size !== "full" ? ["--quick"] : [])], { stdio: "inherit" });
    const [code] = await once(child, "exit");
    if (code !== 0) throw new Error(`growth ended with ${code}`);
    return undefined;
  },
  report: () => "",
};
