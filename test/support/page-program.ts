import { type ChildProcess, fork } from "node:child_process";
import { Browser } from "./browser.js";
import { programOf } from "./snippets-compiled.js";

/** A program from a documentation page, which runs in its own process. */
export interface PageProgram {
  /** The origin of its first server. */
  origin: string;
  /** The ports of its servers, in the order in which they started. */
  ports: number[];
  /** The lines that the program has printed so far. */
  printed: string[];
  /** Sends a signal to the process. */
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code when the process ends. */
  ended: Promise<number | null>;
  /** A browser that accepts HTML. */
  browser(): Browser;
  /** A client that accepts JSON. */
  client(): Browser;
}

const running = new Set<ChildProcess>();

/**
 * Starts the program of a page, unchanged, on free ports.
 *
 * @param servers the number of servers that the program starts
 */
export async function startProgram(
  page: string,
  file?: string,
  env: NodeJS.ProcessEnv = {},
  servers = 1,
): Promise<PageProgram> {
  const program = fork(await programOf(page, file), {
    execArgv: ["--import", new URL("any-port.js", import.meta.url).href],
    env: { ...process.env, NODE_ENV: "test", ...env }, // otherwise Express prints every error
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  running.add(program);
  const ended = new Promise<number | null>((resolve) => program.once("exit", resolve));
  const printed: string[] = [];
  program.stdout?.on("data", (data) => printed.push(...String(data).trim().split("\n")));
  let errors = "";
  program.stderr?.on("data", (data) => {
    errors += data;
    process.stderr.write(data);
  });
  const ports: number[] = [];
  await new Promise<void>((found, failed) => {
    program.on("message", (port) => {
      if (ports.push(port as number) === servers) found();
    });
    program.once("close", (code) => failed(new Error(`the program of ${page} ended with ${code}\n${errors}`)));
  });
  const origin = `http://127.0.0.1:${ports[0]}`;
  const client = () => new Browser(origin, { accept: "application/json" });
  const signal = (name: NodeJS.Signals) => void program.kill(name);
  return { origin, ports, printed, signal, ended, browser: () => new Browser(origin), client };
}

/** Ends the programs that a test started. */
export function endPrograms(): void {
  for (const program of running) program.kill("SIGKILL");
  running.clear();
}
