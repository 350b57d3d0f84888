/** A summary of the times of many trials, in milliseconds. */
export interface Summary {
  trials: number;
  median: number;
  p95: number;
  p99: number;
  max: number;
  /** The trials are split into five rounds. The smallest and the largest median of a round show the noise. */
  medians: [number, number];
}

const ROUNDS = 5;

/** Runs `work`, and adds its time in milliseconds to a list. */
export async function timed<T>(times: number[], work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  times.push(performance.now() - start);
  return result;
}

export function summarize(times: readonly number[]): Summary {
  const round = Math.ceil(times.length / ROUNDS);
  const medians: number[] = [];
  for (let i = 0; i < times.length; i += round) medians.push(quantile(times.slice(i, i + round), 0.5));
  return {
    trials: times.length,
    median: quantile(times, 0.5),
    p95: quantile(times, 0.95),
    p99: quantile(times, 0.99),
    max: quantile(times, 1),
    medians: [quantile(medians, 0), quantile(medians, 1)],
  };
}

function quantile(times: readonly number[], q: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(3));
}
