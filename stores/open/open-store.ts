import type { SessionStore } from "../../src/store/session-store.js";

/** A store that can be closed, together with everything that was opened for it. */
export type OpenStore = SessionStore & {
  /** Stops pruning and closes the connections. A server that does not answer cannot delay it for long. */
  close(): Promise<void>;
};
