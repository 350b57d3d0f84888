import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The bytes per session of a store in process memory. */
export interface MemoryCost {
  store: "MemoryStore" | "memorystore";
  sessionsPerUser: number;
  bytes: number;
  /** The range of three processes. */
  range: [number, number];
}

/** Fills each store in child processes. */
export async function memoryCosts(count: number): Promise<MemoryCost[]> {
  const costs: MemoryCost[] = [];
  for (const sessionsPerUser of [1, 10]) {
    for (const store of ["MemoryStore", "memorystore"] as const) {
      const bytes: number[] = [];
      for (let n = 0; n < 3; n++) bytes.push(await bytesPerSession(store, count, sessionsPerUser));
      bytes.sort((a, b) => a - b);
      costs.push({ store, sessionsPerUser, bytes: bytes[1]!, range: [bytes[0]!, bytes[2]!] });
    }
  }
  return costs;
}

async function bytesPerSession(...args: [store: string, count: number, perUser: number]): Promise<number> {
  const program = fileURLToPath(new URL("./memory-child.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", program, ...args.map(String)]);
  return Math.round(Number(stdout));
}
