import { isLatchkeyError, type LatchkeyError, StoreUnavailableError } from "../errors.js";
import type { LoginEmitter } from "../events.js";
import { type StoreCall, tracedCall } from "../trace.js";
import { isWhole } from "./damaged-records.js";
import { Deadlines } from "./deadlines.js";
import { Outage } from "./outage.js";
import type {
  ListOptions,
  RecordPage,
  SessionRecord,
  SessionStore,
  SessionTimes,
  SessionUpdate,
} from "./session-store.js";
import { onUpkeepFailed } from "./upkeep.js";
import { userIdIn, userKey } from "./user-key.js";

/** The codes of errors that are normal results of a store, not failures. */
const ANSWERS = ["session_exists", "unsupported_by_store", "record_damaged"];

/** Options of a TimedStore. */
export interface TimedStoreOptions {
  /** How long a call may take, in milliseconds. */
  storeTimeout: number;
  realm: string;
}

/**
 * Wraps the application's store for the rest of the library. A call that fails, or takes longer than `storeTimeout`,
 * rejects with StoreUnavailableError and emits the event `storeFailed`. Callers pass the application's user ids, and
 * the store gets the ids with the realm. A damaged record is treated as absent, and emits the event `recordDamaged`.
 */
export class TimedStore implements SessionStore {
  readonly lacks: NonNullable<SessionStore["lacks"]>;
  readonly #store: SessionStore;
  readonly #deadlines: Deadlines;
  readonly #events: LoginEmitter<never>;
  readonly #outage: Outage;
  readonly #name: string;
  readonly #realm: string;

  constructor(store: SessionStore, { storeTimeout, realm }: TimedStoreOptions, events: LoginEmitter<never>) {
    this.lacks = store.lacks ?? [];
    this.#store = store;
    this.#deadlines = new Deadlines(storeTimeout);
    this.#events = events;
    this.#outage = new Outage(events);
    this.#name = store.constructor?.name ?? "Object";
    this.#realm = realm;
    onUpkeepFailed(store, (failure) => events.emit("storeFailed", { ...failure, failures: 1 }));
  }

  /**
   * If creating a user's record fails or takes too long, the record may still appear later. It is then deleted, because
   * no browser has its id. An alias is not deleted, because other logins may need it.
   */
  async create(id: string, record: SessionRecord): Promise<void> {
    const { userId } = record;
    if (userId === null) return this.#ask("create", (store) => store.create(id, record));
    let creating: Promise<void> | undefined;
    try {
      await this.#ask("create", (store) => {
        creating = store.create(id, { ...record, userId: userKey(this.#realm, userId) });
        return creating;
      });
    } catch (error) {
      if (error instanceof StoreUnavailableError && record.kind !== "alias") this.#undo(id, creating);
      throw error;
    }
  }

  async read(id: string): Promise<SessionRecord | null> {
    let record: SessionRecord | null;
    try {
      record = await this.#ask("read", (store) => store.read(id));
    } catch (error) {
      if (!isLatchkeyError(error, "record_damaged")) throw error;
      this.#events.emit("recordDamaged", { id, userId: null });
      return null;
    }
    if (record === null) return null;
    const whole = this.#wholeOf(record);
    if (!whole) this.#events.emit("recordDamaged", { id, userId: this.#userIdOf(record) });
    return whole;
  }

  update(id: string, update: SessionUpdate): Promise<boolean> {
    return this.#ask("update", (store) => store.update(id, update));
  }

  touch(id: string, times: SessionTimes): Promise<boolean> {
    return this.#ask("touch", (store) => store.touch(id, times));
  }

  async destroy(id: string): Promise<SessionRecord | null> {
    const record = await this.#ask("destroy", (store) => store.destroy(id));
    return record && this.#wholeOf(record);
  }

  async listByUser(userId: string, options: ListOptions): Promise<RecordPage> {
    const { records, damaged, next } = await this.#ask("listByUser", (store) =>
      store.listByUser(userKey(this.#realm, userId), options),
    );
    const page: RecordPage = { records: [], damaged: [...damaged], next };
    for (const record of records) {
      const whole = this.#wholeOf(record);
      if (whole) page.records.push(whole);
      else page.damaged.push(record.id);
    }
    for (const id of page.damaged) this.#events.emit("recordDamaged", { id, userId });
    return page;
  }

  destroyByUser(userId: string, options: { kind: string; limit: number }): Promise<{ ended: number; more: boolean }> {
    return this.#ask("destroyByUser", (store) => store.destroyByUser(userKey(this.#realm, userId), options));
  }

  prune(options?: { limit?: number }): Promise<number> {
    return this.#ask("prune", (store) => store.prune(options));
  }

  /** Returns the record with the application's user id; null if latchkey cannot have written the record. */
  #wholeOf<R extends SessionRecord>(record: R): R | null {
    const userId = this.#userIdOf(record);
    if (userId === null && record.userId !== null) return null;
    const own = userId === record.userId ? record : { ...record, userId };
    return isWhole(own) ? own : null;
  }

  #userIdOf({ userId }: SessionRecord): string | null {
    return typeof userId === "string" ? (userIdIn(this.#realm, userId) ?? null) : null;
  }

  #undo(id: string, creating: Promise<void> | undefined): void {
    const undo = () => this.#store.destroy(id);
    const undoUnlessTaken = (error: unknown) => (isLatchkeyError(error, "session_exists") ? null : undo());
    creating?.then(undo, undoUnlessTaken).catch(() => {});
  }

  #ask<T>(operation: string, call: (store: SessionStore) => Promise<T>): Promise<T> {
    const context: StoreCall = { store: this.#name, operation };
    return tracedCall(context, () => this.#call(context, call));
  }

  #call<T>(context: StoreCall, call: (store: SessionStore) => Promise<T>): Promise<T> {
    const { operation } = context;
    const responded = () => {
      context.outcome = "ok";
      this.#outage.responded();
    };
    return this.#deadlines.keep(() => call(this.#store), {
      responded,
      failed: (cause) => {
        // Compare errors by code, because the store may come from another copy of this package.
        if (ANSWERS.some((code) => isLatchkeyError(cause, code))) {
          responded();
          return cause as LatchkeyError;
        }
        context.outcome = "failed";
        this.#outage.failed(operation, cause as Error);
        return new StoreUnavailableError(`the session store failed to ${operation}`, { cause });
      },
    });
  }
}
