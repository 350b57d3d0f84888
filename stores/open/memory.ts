import type { OpenStore } from "./open-store.js";
import { readParameters } from "./parameters.js";
import { readFileUrl } from "./url.js";

/** Opens a store in the memory of the process. */
export async function openMemory(given: string): Promise<OpenStore> {
  const url = readFileUrl(given);
  readParameters(url, {});
  if (!["", "//"].includes(url.path)) throw new TypeError('nothing may follow "memory:" in the store\'s URL');
  const { MemoryStore } = await import("../memory/index.js");
  return Object.assign(new MemoryStore(), { connections: () => ({ open: 0, waiting: 0 }) });
}
