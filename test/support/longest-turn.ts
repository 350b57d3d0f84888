import { readFileSync } from "node:fs";

/**
 * Runs some work, and returns the longest time in milliseconds for which this process held the event loop. It counts
 * the processor time of the main thread, so that neither a busy machine nor the threads of V8 change it.
 */
export async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let isRunning = true;
  let before = processorTime();
  const measure = () => {
    const now = processorTime();
    longest = Math.max(longest, now - before);
    before = now;
    if (isRunning) setImmediate(measure);
  };
  setImmediate(measure);
  try {
    await work();
  } finally {
    isRunning = false;
  }
  await new Promise((resolve) => setImmediate(resolve));
  return longest;
}

/** The processor time of the main thread in milliseconds. The file begins with nanoseconds; see proc(5). */
function processorTime(): number {
  const file = `/proc/self/task/${process.pid}/schedstat`;
  if (process.platform === "linux") return Number.parseInt(readFileSync(file, "utf8"), 10) / 1e6;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
