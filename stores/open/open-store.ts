import type { SessionStore } from "../../src/store/session-store.js";
import type { Connections } from "./connections.js";

/** A store that can be closed, together with everything that was opened for it. */
export type OpenStore = SessionStore & {
  /** Stops pruning and closes the connections. A server that does not respond cannot delay this for long. */
  close(): Promise<void>;
  /** Returns how many connections the store has now, for metrics. All zero for a store in memory. */
  connections(): Connections;
};

/** Options for opening a store. */
export interface OpenOptions {
  /**
   * Create a missing SQLite file and missing tables, prune expired rows regularly, and warn if Redis evicts sessions? If
   * false, opening a store changes nothing, and a missing SQLite file is an error.
   */
  upkeep: boolean;
}
