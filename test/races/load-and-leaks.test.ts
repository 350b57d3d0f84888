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
/** Less than one object a request comes to, and more than what the engine itself goes on learning. */
const MOST_BYTES_AN_HOUR = 1_000_000;

/** Hours of visits in a process of its own, which has to end by itself. */
async function visits(url: string, hours: number, ...leaks: string[]): Promise<Checkpoint[]> {
  const args = ["--expose-gc", "--require", "reflect-metadata", PROGRAM, url, String(hours), ...leaks];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Checkpoint[];
}

/** By how much the heap grows in an hour: between the least of each half, for at times a full collection leaves some 500 KB for the next. */
function growth(checkpoints: Checkpoint[]): number {
  const half = checkpoints.length / 2;
  const least = (some: Checkpoint[]) => Math.min(...some.map(({ heap }) => heap));
  return (least(checkpoints.slice(half)) - least(checkpoints.slice(0, half))) / half;
}

inTestAll("hours of people who log in, read, confirm, log out and stay away", () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "latchkey-leaks-"));
  });
  after(() => rm(dir, { recursive: true }));

  it(`R-17: ${HOURS} on a memory store: heap and handles are flat, no session is left, and the process ends`, async () => {
    const checkpoints = await visits("memory:", HOURS);
    expect(growth(checkpoints)).to.be.below(MOST_BYTES_AN_HOUR);
    expect(checkpoints.map(({ left }) => left)).to.eql(Array(HOURS).fill(0));
    for (const { handles } of checkpoints) expect(handles).to.eql(checkpoints[0]!.handles);
    expect(checkpoints.at(-1)!.requests).to.be.above(HOURS * 2500);
  });

  it(`${HOURS} on SQLite: heap and handles are flat, and the process ends once the store is closed`, async () => {
    const checkpoints = await visits(`sqlite:${join(dir, "sessions.db")}`, HOURS);
    expect(growth(checkpoints)).to.be.below(MOST_BYTES_AN_HOUR);
    for (const { handles } of checkpoints) expect(handles).to.eql(checkpoints[0]!.handles);
  });

  it("would be told of an application that keeps each session", async () => {
    expect(growth(await visits("memory:", 2, "leaks"))).to.be.above(MOST_BYTES_AN_HOUR);
  });
});
