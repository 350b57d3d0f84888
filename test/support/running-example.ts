import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** An example that runs in its own process. */
export interface RunningExample {
  origin: string;
  stop(): Promise<void>;
}

/** Runs an example that is one file, on a free port. Reads its URL from the first line of the output. */
export async function runExample(name: string, env: NodeJS.ProcessEnv = {}): Promise<RunningExample> {
  const program = spawn(process.execPath, [`build/examples/${name}.js`], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, PORT: "0", ...env },
  });
  const ended = once(program, "exit");
  const [line] = await Promise.race([once(createInterface(program.stdout), "line"), ended]);
  if (program.exitCode !== null) throw new Error(`the example ${name} ended before it printed its URL`);
  return {
    origin: String(line),
    async stop() {
      program.kill();
      await ended;
    },
  };
}
