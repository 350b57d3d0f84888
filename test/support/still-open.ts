import { ChildProcess } from "node:child_process";
import { appendFileSync } from "node:fs";
import { Server, Socket } from "node:net";

/** How long a process may keep running after its last test, in milliseconds. */
const PATIENCE = Number(process.env.LATCHKEY_TESTS_PATIENCE ?? 20_000);

/** The environment variable with the path of a file. A worker of a parallel run lists in this file what it left open. */
export const STILL_OPEN = "LATCHKEY_TESTS_STILL_OPEN";

/** Node lists what keeps the process running, but its types omit this function. */
type Listing = { _getActiveHandles(): object[] };

/** Says what keeps this process running: each server, connection and child process, and the number of other things. */
export function stillOpen(): string[] {
  const named = handles().map(nameOf);
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout" || kind === "Immediate");
  return timers.length === 0 ? named : [...named, `timers: ${timers.length}`];
}

/**
 * Mocha calls this after the last test. It ends the process with a failure if the process is still running a while
 * later, and prints what keeps it running. Otherwise a server or a pool that a test forgot to close would keep it
 * running for ever.
 */
export function mochaGlobalTeardown(): void {
  setTimeout(() => {
    console.log(
      `\n  ${PATIENCE / 1000} s after the last test, these keep the process running. Close them in the tests:`,
    );
    const names = stillOpen();
    if (names.length === 0) names.push("something that Node does not list, such as a worker thread");
    for (const name of names) console.log(`    ${name}`);
    killChildren();
    // Mocha sets the exit code when the process ends, and this listener is called after Mocha's.
    process.on("exit", () => {
      process.exitCode ||= 1;
    });
    process.exit();
  }, PATIENCE).unref();
}

/** Otherwise a child process could run for ever, and keep the output of this process open. */
function killChildren(): void {
  for (const handle of handles()) if (handle instanceof ChildProcess) handle.kill("SIGKILL");
}

/** What keeps the process running, except its own input and output, and the pipe to its parent. */
function handles(): object[] {
  const own: object[] = [process.stdin, process.stdout, process.stderr];
  const all = (process as unknown as Listing)._getActiveHandles().filter((handle) => !own.includes(handle));
  return process.connected ? all.filter((handle) => handle.constructor.name !== "Pipe") : all;
}

function nameOf(handle: object): string {
  if (handle instanceof Server) return `a server on ${addressOf(handle.address())}`;
  if (handle instanceof ChildProcess) return `the child process ${handle.pid}: ${handle.spawnargs.join(" ")}`;
  if (handle instanceof Socket) {
    const { localAddress: address, localPort: port, remoteAddress, remotePort } = handle;
    if (remoteAddress === undefined) return "a pipe, or a connection that is not open yet";
    return `a connection from ${addressOf({ address, port })} to ${addressOf({ address: remoteAddress, port: remotePort })}`;
  }
  return handle.constructor.name;
}

function addressOf(address: unknown): string {
  if (address === null || typeof address === "string") return String(address);
  const { address: host, port } = address as { address?: string; port?: number };
  return `${host}:${port}`;
}

// Mocha ends the workers of a parallel run as soon as they have no more files, so they report at their end.
if (process.argv[1]?.endsWith("/mocha/lib/nodejs/worker.cjs"))
  process.on("exit", () => {
    // Mocha sends this signal a second later, but the worker may take longer to stop its servers and write its coverage.
    process.on("SIGTERM", () => {});
    const file = process.env[STILL_OPEN];
    if (file) for (const name of stillOpen()) appendFileSync(file, `${name}\n`);
    killChildren();
  });
