import { isLatchkeyError, type LatchkeyError, StoreUnavailableError } from "../errors.js";
import type { LoginEmitter } from "../events.js";
import { traced } from "../trace.js";
import { isBrowser, isSession } from "./damaged-records.js";
import { Deadlines } from "./deadlines.js";
import type { RememberTokenRecord, RememberTokenStore, StoredRememberToken } from "./remember-token-store.js";
import type { SessionRecord, SessionStore, StoredSession } from "./session-store.js";

type SessionVerb = Exclude<keyof SessionStore, "rememberTokens">;
type TokenVerb = keyof RememberTokenStore;

/** Errors that are an answer of the store, and not a failure. */
const TOLD = ["session_exists", "unsupported_by_store", "record_damaged"];

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

  /** A session, or null. For a damaged one it emits the event `recordDamaged`, and resolves with null. */
  readSession(id: string): Promise<SessionRecord | null> {
    const read = this.sessions("read", (store) => store.read(id));
    return this.#whole("session", id, read, isSession);
  }

  /** A remembered browser, or null, likewise. */
  readToken(id: string): Promise<RememberTokenRecord | null> {
    const read = this.tokens("read", (tokens) => tokens.read(id));
    return this.#whole("browser", id, read, isBrowser);
  }

  /** The sessions of a user, and the ids of those that are damaged. */
  async listSessions(userId: string): Promise<Listed<StoredSession>> {
    const records = await this.sessions("listByUser", (store) => store.listByUser(userId));
    return this.#sorted("session", records, isSession);
  }

  /** The remembered browsers of a user, likewise. */
  async listTokens(userId: string): Promise<Listed<StoredRememberToken>> {
    const records = await this.tokens("listByUser", (tokens) => tokens.listByUser(userId));
    return this.#sorted("browser", records, isBrowser);
  }

  /** Creates a login's session. One that failed, or was too slow, is ended should it come about after all: nobody has its id. */
  createLogin(id: string, record: SessionRecord): Promise<void> {
    return createOrUndo(this.store, id, record, (create) => this.sessions("create", create));
  }

  /** Creates the record of a remembered browser, or none, likewise. */
  createToken(id: string, record: RememberTokenRecord): Promise<void> {
    return createOrUndo(this.store.rememberTokens!, id, record, (create) => this.tokens("create", create));
  }

  async #whole<R extends { userId: string | null }>(
    kind: Kind,
    id: string,
    read: Promise<R | null>,
    isWhole: (record: R) => boolean,
  ): Promise<R | null> {
    let userId: string | null = null;
    try {
      const record = await read;
      if (record === null || isWhole(record)) return record;
      userId = record.userId;
    } catch (error) {
      if (!isLatchkeyError(error, "record_damaged")) throw error;
    }
    this.#events.emit("recordDamaged", { kind, id, userId });
    return null;
  }

  #sorted<R extends { id: string; userId: string | null }>(
    kind: Kind,
    all: readonly R[],
    isWhole: (record: R) => boolean,
  ): Listed<R> {
    const records = all.filter(isWhole);
    const damaged = records.length === all.length ? [] : all.filter((record) => !isWhole(record));
    for (const { id, userId } of damaged) this.#events.emit("recordDamaged", { kind, id, userId });
    return { records, damaged: damaged.map(({ id }) => id) };
  }

  #ask<T>(operation: string, call: () => Promise<T>): Promise<T> {
    return this.#deadlines.keep(call, (cause) => {
      // By code, because the store may come from another copy of this package.
      if (TOLD.some((code) => isLatchkeyError(cause, code))) return cause as LatchkeyError;
      this.#events.emit("storeFailed", { operation, error: cause as Error });
      return new StoreUnavailableError(`the session store failed to ${operation}`, { cause });
    });
  }
}

type Kind = "session" | "browser";

/** What a user has. */
interface Listed<R> {
  records: R[];
  /** The ids of records that cannot be read. */
  damaged: string[];
}

/** Where something is created under a new id. */
interface Place<R> {
  create(id: string, record: R): Promise<void>;
  destroy(id: string): Promise<unknown>;
}

/** Creates, and takes back what a call left that failed in between or was too slow. */
async function createOrUndo<R>(
  place: Place<R>,
  id: string,
  record: R,
  ask: (create: () => Promise<void>) => Promise<void>,
): Promise<void> {
  let creating: Promise<void> | undefined;
  try {
    await ask(() => {
      creating = place.create(id, record);
      return creating;
    });
  } catch (error) {
    const undo = () => place.destroy(id);
    if (error instanceof StoreUnavailableError) creating?.then(undo, undo).catch(() => {});
    throw error;
  }
}
