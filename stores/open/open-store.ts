import type { SessionStore } from "../../src/store/session-store.js";

/** A store that can be closed, together with everything that was opened for it. */
export type OpenStore = SessionStore & {
  /** Stops pruning and closes the connections. A server that does not respond cannot delay this for long. */
  close(): Promise<void>;
};

/** How a store is opened. */
export interface OpenOptions {
  /**
   * Create what is missing, a SQLite file or the tables of a database, and prune expired rows regularly? Without it,
   * opening a store changes nothing, and a SQLite file that does not exist is an error.
   */
  upkeep: boolean;
}
