import { Deadlines } from "./deadlines.js";
import { SessionExistsError, StoreUnavailableError, UnsupportedByStoreError } from "./errors.js";
import type { LoginEmitter } from "./events.js";
import type { RememberTokenStore } from "./remember-token-store.js";
import type { SessionStore } from "./session-store.js";
import { traced } from "./trace.js";

type SessionVerb = Exclude<keyof SessionStore, "rememberTokens">;
type TokenVerb = keyof RememberTokenStore;

/** Calls to a store, each within `storeTimeout`. One that fails or hangs is a StoreUnavailableError, and the event `storeFailed`. */
export class StoreCalls {
  readonly #deadlines: Deadlines;
  readonly #events: LoginEmitter<never>;

  constructor(
    readonly store: SessionStore,
    { storeTimeout }: { storeTimeout: number },
    events: LoginEmitter<never>,
  ) {
    this.#deadlines = new Deadlines(storeTimeout);
    this.#events = events;
  }

  /** A call about sessions. */
  sessions<T>(operation: SessionVerb, call: (store: SessionStore) => Promise<T>): Promise<T> {
    return traced("store", { operation }, () => this.#ask(operation, () => call(this.store)));
  }

  /** A call about remembered browsers, by a store that keeps them. */
  tokens<T>(verb: TokenVerb, call: (tokens: RememberTokenStore) => Promise<T>): Promise<T> {
    const operation = `rememberTokens.${verb}`;
    return traced("store", { operation }, () => this.#ask(operation, () => call(this.store.rememberTokens!)));
  }

  #ask<T>(operation: string, call: () => Promise<T>): Promise<T> {
    return this.#deadlines.keep(call, (cause) => {
      if (cause instanceof SessionExistsError || cause instanceof UnsupportedByStoreError) return cause;
      this.#events.emit("storeFailed", { operation, error: cause as Error });
      return new StoreUnavailableError(`the session store failed to ${operation}`, { cause });
    });
  }
}
