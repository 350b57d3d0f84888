import type { SessionStore, StoredRecord } from "latchkey";
import type { Making } from "./sessions.js";
import { batches } from "./sessions.js";

/** A kind of session storage. Each `open` returns a new, empty store. */
export interface Backend {
  name: string;
  open(): Promise<Kept>;
}

/** A store that only this program uses. `close` removes it. */
export interface Kept {
  store: SessionStore;
  version: string;
  /** The number of sessions per `insert`. */
  batch: number;
  insert(sessions: StoredRecord[]): Promise<void>;
  /** Runs the maintenance that the server would run later by itself. */
  settle(): Promise<void>;
  /** Returns the stored bytes per part, such as the table or an index. */
  bytes(): Promise<Record<string, number>>;
  close(): Promise<void>;
}

/** Fills a store with two parallel workers. */
export async function fill(kept: Kept, making: Making): Promise<void> {
  const source = batches(making, kept.batch);
  const worker = async () => {
    for (let next = source.next(); !next.done; next = source.next()) await kept.insert(next.value);
  };
  await Promise.all([worker(), worker()]);
  await kept.settle();
}
