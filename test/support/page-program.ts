import { type ChildProcess, fork } from "node:child_process";
import { Browser } from "./browser.js";
import { programOf } from "./snippets-compiled.js";

/** A program of a page, as it runs in a process of its own. */
export interface PageProgram {
  origin: string;
  /** What it has printed so far, by lines. */
  printed: string[];
  /** A browser that asks for pages. */
  browser(): Browser;
  /** One that asks for JSON. */
  client(): Browser;
}

const running = new Set<ChildProcess>();

/** Starts a program as it stands on its page, on a free port. */
export async function startProgram(page: string, file?: string): Promise<PageProgram> {
  const program = fork(await programOf(page, file), {
    execArgv: ["--import", new URL("any-port.js", import.meta.url).href],
    env: { ...process.env, NODE_ENV: "test" }, // or Express would print each error that it answers
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  running.add(program);
  const printed: string[] = [];
  program.stdout?.on("data", (data) => printed.push(...String(data).trim().split("\n")));
  const port = await new Promise((found, failed) => {
    program.once("message", found);
    program.once("exit", (code) => failed(new Error(`the program of ${page} ended with ${code}`)));
  });
  const origin = `http://127.0.0.1:${port}`;
  const client = () => new Browser(origin, { accept: "application/json" });
  return { origin, printed, browser: () => new Browser(origin), client };
}

/** Ends the programs that a test started. */
export function endPrograms(): void {
  for (const program of running) program.kill("SIGKILL");
  running.clear();
}
