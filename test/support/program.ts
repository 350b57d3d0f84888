import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.resolve("latchkey/package.json")));

/** What a program printed, and how it ended; null when it did not end by itself. */
export interface Ended {
  code: number | null;
  output: string;
}

/** The limit that ends a program that hangs; on a busy machine a program that works may take a minute. */
const LONGEST = 300_000;

/** Runs a program in a process of its own. */
export function runProgram(
  program: string,
  { args = [], env = {}, cwd = root }: { args?: string[]; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--input-type=module", "-e", program, "--", ...args],
      { cwd, timeout: LONGEST, env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        const code = error ? (error.killed ? null : Number(error.code ?? 1)) : 0;
        resolve({ code, output: (stdout + stderr).trim() });
      },
    );
  });
}
