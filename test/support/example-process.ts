import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The example, started on a free port in the same way as by `npm start`. */
export interface ExampleProcess {
  origin: string;
  /** The admin account that the example created at its start. */
  admin: { email: string; password: string };
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL("../../examples/web/main.js", import.meta.url));
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts the example with only PORT set, and reads its URL and the admin's password from its output. */
export async function startExample(): Promise<ExampleProcess> {
  const { DATABASE, SECRET, SESSION_STORE, HOST, ...env } = process.env;
  const child = spawn(process.execPath, [MAIN], {
    env: { ...env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.add(child);
  const ended = once(child, "exit").then(() => void running.delete(child));
  let password = "";
  for await (const line of createInterface(child.stdout)) {
    password ||= /admin@example\.com, password (\S+)/.exec(line)?.[1] ?? "";
    const origin = /Running at (\S+)/.exec(line)?.[1];
    if (!origin) continue;
    child.stdout.resume();
    return {
      origin,
      admin: { email: "admin@example.com", password },
      async stop() {
        child.kill();
        await ended;
      },
    };
  }
  throw new Error("the example ended before it printed its URL");
}
