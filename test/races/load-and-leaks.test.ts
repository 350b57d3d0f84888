import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import type { Checkpoint } from "../support/leak-program.js";
import { inTestAll } from "../support/tier.js";
import { trials } from "../support/trials.js";

const HOURS = trials(12, 4);
const PROGRAM = fileURLToPath(new URL("../support/leak-program.js", import.meta.url));
/** One leaked object per request exceeds this limit. The growth of the engine's own caches stays below it. */
const MOST_BYTES_AN_HOUR = 1_000_000;

/** Runs hours of visits in a child process. Resolves only if that process exits by itself. */
async function visits(url: string, hours: number, ...leaks: string[]): Promise<Checkpoint[]> {
  const args = ["--expose-gc", "--require", "reflect-metadata", PROGRAM, url, String(hours), ...leaks];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Checkpoint[];
}

/**
 * Returns how much the heap grows per hour, in bytes: the minimum of the second half minus the first half's.
 * It compares minimums because a full garbage collection sometimes leaves about 500 KB for the next one.
 */
function growth(checkpoints: Checkpoint[]): number {
  const half = checkpoints.length / 2;
  const least = (some: Checkpoint[]) => Math.min(...some.map(({ heap }) => heap));
  return (least(checkpoints.slice(half)) - least(checkpoints.slice(0, half))) / half;
}

inTestAll("hours of logins, reads, confirmations, logouts and abandoned sessions", () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "latchkey-leaks-"));
  });
  after(() => rm(dir, { recursive: true }));

  it(`R-17: heap and handles do not grow in ${HOURS} hours on a memory store, no session is left, and the process exits`, async () => {
    const checkpoints = await visits("memory:", HOURS);
    expect(growth(checkpoints)).to.be.below(MOST_BYTES_AN_HOUR);
    expect(checkpoints.map(({ left }) => left)).to.eql(Array(HOURS).fill(0));
    for (const { handles } of checkpoints) expect(handles).to.eql(checkpoints[0]!.handles);
    expect(checkpoints.at(-1)!.requests).to.be.above(HOURS * 2500);
  });

  it(`heap and handles do not grow in ${HOURS} hours on SQLite, and the process exits after the store is closed`, async () => {
    const checkpoints = await visits(`sqlite:${join(dir, "sessions.db")}`, HOURS);
    expect(growth(checkpoints)).to.be.below(MOST_BYTES_AN_HOUR);
    for (const { handles } of checkpoints) expect(handles).to.eql(checkpoints[0]!.handles);
  });

  it("the limit on growth detects an application that leaks each session", async () => {
    expect(growth(await visits("memory:", 2, "leaks"))).to.be.above(MOST_BYTES_AN_HOUR);
  });
});
