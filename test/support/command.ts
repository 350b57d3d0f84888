import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const manifest = fileURLToPath(import.meta.resolve("latchkey/package.json"));
const { bin } = JSON.parse(readFileSync(manifest, "utf8")) as { bin: { latchkey: string } };

/** The file that `npx latchkey` runs. */
export const COMMAND = fileURLToPath(new URL(bin.latchkey, import.meta.resolve("latchkey/package.json")));

/** The output and the exit code of a command. The code is null if the command was stopped at the time limit. */
export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The time limit of a command, in milliseconds. */
const LONGEST = 300_000;

/** Runs `latchkey` with these arguments in its own process. */
export function latchkey(args: string[], { env = {}, cwd }: { env?: NodeJS.ProcessEnv; cwd?: string } = {}) {
  const { SESSION_STORE: _, ...inherited } = process.env;
  return new Promise<Run>((resolve) => {
    const options = { timeout: LONGEST, env: { ...inherited, NODE_NO_WARNINGS: "1", ...env }, cwd };
    execFile(process.execPath, [COMMAND, ...args], options, (error, stdout, stderr) => {
      const code = error ? (error.killed ? null : Number(error.code ?? 1)) : 0;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Runs `latchkey` on a store. The timeout is longer than the default, because the machine may be busy. */
export function latchkeyOn(store: string, ...args: string[]): Promise<Run> {
  return latchkey([...args, "--timeout", "2m"], { env: { SESSION_STORE: store } });
}
