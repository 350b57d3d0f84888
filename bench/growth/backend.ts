import type { SessionStore, StoredRecord } from "latchkey";
import type { Making } from "./sessions.js";
import { batches } from "./sessions.js";

/** Where sessions can be kept, opened anew and empty at each call. */
export interface Backend {
  name: string;
  open(): Promise<Kept>;
}

/** A store of this program's alone, which `close` removes. */
export interface Kept {
  store: SessionStore;
  version: string;
  /** How many sessions `insert` takes at once. */
  batch: number;
  insert(sessions: StoredRecord[]): Promise<void>;
  /** Does what the server would do by itself in time. */
  settle(): Promise<void>;
  /** Bytes by what they are for, of everything that is kept. */
  bytes(): Promise<Record<string, number>>;
  close(): Promise<void>;
}

/** Fills a store, two batches at a time. */
export async function fill(kept: Kept, making: Making): Promise<void> {
  const source = batches(making, kept.batch);
  const worker = async () => {
    for (let next = source.next(); !next.done; next = source.next()) await kept.insert(next.value);
  };
  await Promise.all([worker(), worker()]);
  await kept.settle();
}
