import type { Request } from "express";
import type { Cookie } from "./cookie.js";
import { changeable, type JsonObject } from "./json.js";
import type { KeptSession } from "./session-records.js";

type Done = (error?: unknown) => void;

/** What a session asks of what keeps it. */
export interface SessionKeeper {
  save(session: Session): Promise<void>;
  reload(session: Session): Promise<void>;
  regenerate(req: Request): Promise<void>;
  end(sid: string): Promise<boolean>;
}

/**
 * `req.session`: what the application keeps of a visitor, as top-level keys, and the verbs of express-session's sessions. Each verb
 * takes a callback, or gives a promise when it gets none.
 */
export class Session {
  cookie: Cookie;
  readonly #req: Request;
  readonly #kept: KeptSession;
  readonly #keeper: SessionKeeper;

  constructor(req: Request, kept: KeptSession, keeper: SessionKeeper, cookie: Cookie) {
    this.cookie = cookie;
    this.#req = req;
    this.#kept = kept;
    this.#keeper = keeper;
    const data = kept.record?.data;
    if (data) this.#take(data);
  }

  /** Where a session is kept; undefined for what is no session of this middleware's. */
  static keptOf(session: unknown): KeptSession | undefined {
    return typeof session === "object" && session !== null && #kept in session ? session.#kept : undefined;
  }

  get id(): string {
    return this.#kept.sid;
  }

  get req(): Request {
    return this.#req;
  }

  /** Writes what was changed now, rather than when the response begins. */
  save(done?: Done): this | Promise<void> {
    return this.#settle(this.#keeper.save(this), done);
  }

  /** Puts a session in `req.session` as the store has it now. Rejects when it has none any more. */
  reload(done?: Done): this | Promise<void> {
    return this.#settle(this.#keeper.reload(this), done);
  }

  /** Ends the session, and puts a new, empty one into `req.session`. */
  regenerate(done?: Done): this | Promise<void> {
    return this.#settle(this.#keeper.regenerate(this.#req), done);
  }

  /** Ends the session, and takes it from the request. */
  destroy(done?: Done): this | Promise<void> {
    this.#req.session = undefined as never;
    return this.#settle(this.#keeper.end(this.id), done);
  }

  /** Lets the cookie live for its whole time from now on. */
  touch(): this {
    return this.resetMaxAge();
  }

  /** Sets the cookie's `maxAge` to what it was at first. */
  resetMaxAge(): this {
    this.cookie.maxAge = this.cookie.originalMaxAge;
    return this;
  }

  #take(data: JsonObject): void {
    for (const key of Object.keys(data)) {
      // What has the name of a verb, or of what every object has, is left in the store as it is.
      if (key in this) continue;
      const value = key === "auth" ? data[key] : changeable(data[key]);
      (this as Record<string, unknown>)[key] = value;
      this.#kept.seen.see(key, value);
    }
    const { maxAge } = (data.cookie ?? {}) as { maxAge?: unknown };
    if (maxAge !== null && typeof maxAge !== "number") return;
    this.cookie.maxAge = maxAge;
    this.#kept.seen.see("cookie", { maxAge });
  }

  #settle(work: Promise<unknown>, done: Done | undefined): this | Promise<void> {
    if (done) {
      work.then(() => done(), done);
      return this;
    }
    const promise = work.then(() => {});
    promise.catch(() => {}); // who waits is told; who does not, as code written for express-session, must not end the process
    return promise;
  }
}
