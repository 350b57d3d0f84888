import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterTest } from "./after-test.js";
import { makeDatabase } from "./databases.js";
import { startRedis } from "./redis-servers.js";

/** A site in its own process. */
export interface SiteProcess {
  origin: string;
  /** Ends the process with SIGKILL, and waits until it has ended. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

const SITE = fileURLToPath(new URL("site-process.js", import.meta.url));

/**
 * Starts a site in its own process until the end of the test, with the store of this URL: by default the site of the tests. The program sends the
 * origin of its site once it is running.
 */
export async function startSite(storeUrl: string, program = SITE, ...args: string[]): Promise<SiteProcess> {
  const child = fork(program, [storeUrl, ...args]);
  running.add(child);
  const ended = once(child, "exit").then(() => void running.delete(child));
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  afterTest(kill);
  const early = ended.then(() => Promise.reject(new Error("the site's process ended before the site was running")));
  const [origin] = (await Promise.race([once(child, "message"), early])) as [string];
  early.catch(() => {});
  return { origin, kill };
}

/** Places where several processes can store sessions, by the name of the backend. */
export const places: Record<string, () => Promise<{ url: string; remove(): Promise<void> }>> = {
  async redis() {
    const { url, stop } = await startRedis();
    return { url, remove: stop };
  },
  async sqlite() {
    const dir = await mkdtemp(join(tmpdir(), "latchkey-processes-"));
    return { url: `sqlite:${join(dir, "sessions.db")}`, remove: () => rm(dir, { recursive: true }) };
  },
  async postgres() {
    const { url, drop } = await makeDatabase("postgres");
    return { url, remove: drop };
  },
  async mariadb() {
    const { url, drop } = await makeDatabase("mariadb");
    return { url, remove: drop };
  },
};
