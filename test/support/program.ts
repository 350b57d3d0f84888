import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.resolve("latchkey/package.json")));

/** The output and the exit code of a program. The code is null if the program was stopped at the time limit. */
export interface Ended {
  code: number | null;
  output: string;
}

/** The time limit of a program, in milliseconds. It is long because a program may take a minute on a busy machine. */
const LONGEST = 300_000;

/** Runs the source code of a program in its own process. */
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
