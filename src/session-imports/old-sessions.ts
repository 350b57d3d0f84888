import { StoreUnavailableError } from "../errors.js";
import type { LoginEmitter } from "../events.js";
import { isObjectOrArray } from "../objects.js";
import { Deadlines } from "../store/deadlines.js";
import { Outage } from "../store/outage.js";
import { type StoreCall, tracedCall } from "../trace.js";
import type { OldSessionData, OldSessionStore } from "./options.js";

/** A session in the store of the application's earlier express-session. */
export interface OldSession {
  /** Its values, without the cookie. */
  values: OldSessionData;
  /** The lifetime of its cookie in milliseconds; null if the cookie lasts until the browser closes. */
  maxAge: number | null;
  /** When its cookie ends, in milliseconds since the epoch; null if unknown. */
  endsAt: number | null;
  /** What the store returned. */
  whole: object;
}

type Done = (error?: unknown, value?: unknown) => void;

/**
 * Calls the store of express-session. A call that fails, or takes longer than `storeTimeout`, rejects with
 * StoreUnavailableError and emits the event `storeFailed`.
 */
export class OldSessions {
  readonly #store: OldSessionStore;
  readonly #deadlines: Deadlines;
  readonly #outage: Outage;

  constructor(store: OldSessionStore, storeTimeout: number, events: LoginEmitter<never>) {
    this.#store = store;
    this.#deadlines = new Deadlines(storeTimeout);
    this.#outage = new Outage(events);
  }

  /** Resolves with the session of this id, or null. */
  async read(sid: string): Promise<OldSession | null> {
    const found = await this.#ask("read", (done) => this.#store.get(sid, done));
    if (!isObjectOrArray(found)) return null;
    const { cookie, ...values } = found as OldSessionData & {
      cookie?: { originalMaxAge?: unknown; expires?: unknown };
    };
    const expires = cookie?.expires ? new Date(cookie.expires as string).getTime() : Number.NaN;
    const endsAt = Number.isNaN(expires) ? null : expires;
    // Some stores return a session after it has expired. express-session treats it as absent.
    if (endsAt !== null && endsAt <= Date.now()) return null;
    const maxAge = typeof cookie?.originalMaxAge === "number" ? cookie.originalMaxAge : null;
    return { values, maxAge, endsAt, whole: found };
  }

  /** Makes the session last as long as if express-session had used it now. */
  async touch(sid: string, { maxAge, whole }: OldSession): Promise<void> {
    if (!this.#store.touch) return;
    const { cookie } = whole as { cookie?: object };
    const expires = maxAge === null ? null : new Date(Date.now() + maxAge);
    const touched = { ...whole, cookie: { ...cookie, expires, maxAge } };
    await this.#ask("touch", (done) => this.#store.touch?.(sid, touched as never, done));
  }

  async end(sid: string): Promise<void> {
    await this.#ask("destroy", (done) => this.#store.destroy(sid, done));
  }

  #ask(verb: string, call: (done: Done) => unknown): Promise<unknown> {
    const operation = `import ${verb}`;
    const context: StoreCall = { store: this.#store.constructor?.name ?? "Object", operation };
    return tracedCall(context, () =>
      this.#deadlines.keep(() => settled(call), {
        responded: () => {
          context.outcome = "ok";
          this.#outage.responded();
        },
        failed: (cause) => {
          context.outcome = "failed";
          this.#outage.failed(operation, cause as Error);
          return new StoreUnavailableError(`the old session store failed to ${verb}`, { cause });
        },
      }),
    );
  }
}

/** Turns a call that takes a callback into a promise. */
function settled(call: (done: Done) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const done: Done = (error, value) => {
      // File stores report a missing session with this error, and express-session treats it the same way.
      if (!error || (error as { code?: unknown }).code === "ENOENT") resolve(value);
      else reject(error);
    };
    // Some stores also return a promise, and reject it instead of calling back.
    Promise.resolve(call(done)).catch(reject);
  });
}
