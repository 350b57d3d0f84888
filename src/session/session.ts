import type { Request } from "express";
import { changeable, frozen, type JsonObject } from "../json.js";
import { isObjectOrArray } from "../objects.js";
import type { SessionAuth } from "./auth.js";
import { Cookie, isLifetime } from "./cookie.js";
import type { SessionValues } from "./records.js";
import { refuseAuth, replaceable, reserved } from "./reserved-properties.js";
import type { SessionState } from "./snapshot.js";

type Done = (error?: unknown) => void;

/** The methods of the session middleware that a session calls. */
export interface SessionKeeper {
  save(session: Session): Promise<void>;
  reload(session: Session): Promise<void>;
  regenerate(req: Request): Promise<void>;
  discard(sid: string): Promise<void>;
}

/** latchkey's own data about a session, which the application cannot change through the session object. */
interface Inside {
  state: SessionState;
  req: Request;
  cookie: Cookie;
  values: SessionValues;
}

/**
 * `req.session`: the application's data about a visitor, as top-level keys, with the methods of express-session's
 * sessions. `save`, `reload`, `regenerate` and `destroy` accept a callback; without a callback, they return a promise.
 *
 * Many applications copy a request's body into the session. Therefore an assignment to a reserved name is ignored, and
 * does not throw.
 */
export class Session {
  static readonly #COOKIE = reserved<Session>({
    get: (session) => (#cookie in session ? session.#cookie : undefined),
    set(session, value) {
      if (#cookie in session && value instanceof Cookie) session.#cookie = value;
    },
  });
  static readonly #AUTH = reserved<Session>({
    get: (session) => (#auth in session ? session.#auth : undefined),
    set: (session, value) => refuseAuth(session.auth, value),
  });

  declare cookie: Cookie;
  /** The login; an own property only if a user is logged in. */
  declare readonly auth?: SessionAuth;
  #cookie: Cookie;
  #auth: SessionAuth | undefined;
  readonly #req: Request;
  readonly #state: SessionState;
  readonly #keeper: SessionKeeper;

  constructor(req: Request, state: SessionState, keeper: SessionKeeper, cookie: Cookie) {
    this.#cookie = cookie;
    this.#req = req;
    this.#state = state;
    this.#keeper = keeper;
    Object.defineProperty(this, "cookie", Session.#COOKIE);
    const data = state.record?.data;
    if (data) this.#take(data);
  }

  /** Returns the stored state of a session; undefined if the object is not a Session. */
  static stateOf(session: unknown): SessionState | undefined {
    return isObjectOrArray(session) && #state in session ? session.#state : undefined;
  }

  /** Returns the login of a session; undefined if it has no login, or if the object is not a Session. */
  static authOf(session: unknown): SessionAuth | undefined {
    return Session.stateOf(session) && Object.hasOwn(session as Session, "auth")
      ? (session as Session).#auth
      : undefined;
  }

  /** Returns latchkey's own data about a Session. */
  static inside(session: object): Inside {
    const self = session as Session;
    const values = { values: self, auth: Session.authOf(self), maxAge: self.#cookie.originalMaxAge };
    return { state: self.#state, req: self.#req, cookie: self.#cookie, values };
  }

  /** Puts a login into a Session. */
  static logIn(session: object, auth: SessionAuth): void {
    (session as Session).#auth = frozen(auth as never);
    Object.defineProperty(session, "auth", Session.#AUTH);
  }

  get id(): string {
    return this.#state.sid;
  }

  set id(_: unknown) {}

  get req(): Request {
    return this.#req;
  }

  set req(_: unknown) {}

  /** Writes the changes now, instead of when the response begins. */
  save(done?: Done): this | Promise<void> {
    return this.#settle(this.#keeper.save(this), done);
  }

  /**
   * Replaces `req.session` with the session as it is in the store now.
   *
   * @throws SessionGoneError if the session is no longer in the store
   */
  reload(done?: Done): this | Promise<void> {
    return this.#settle(this.#keeper.reload(this), done);
  }

  /** Ends the session, and puts a new, empty session into `req.session`. */
  regenerate(done?: Done): this | Promise<void> {
    return this.#settle(this.#keeper.regenerate(this.#req), done);
  }

  /** Ends the session, and removes it from the request. */
  destroy(done?: Done): this | Promise<void> {
    this.#req.session = undefined as never;
    return this.#settle(this.#keeper.discard(this.id), done);
  }

  /** Restarts the lifetime of the cookie. The same as `resetMaxAge`. */
  touch(): this {
    return this.resetMaxAge();
  }

  /** Sets the cookie's `maxAge` to `originalMaxAge`, counted from now. */
  resetMaxAge(): this {
    this.#cookie.maxAge = this.#cookie.originalMaxAge;
    return this;
  }

  #take(data: JsonObject): void {
    const { seen } = this.#state;
    for (const key of Object.keys(data)) {
      // A value with the name of a method, or of a property that every object has, is not copied into the session
      // object. It stays in the store.
      if (key in this) continue;
      const value = changeable(data[key]);
      (this as Record<string, unknown>)[key] = value;
      seen.see(key, value);
    }
    if (data.auth) {
      Session.logIn(this, data.auth as unknown as SessionAuth);
      seen.see("auth", data.auth);
    }
    const { maxAge } = (data.cookie ?? {}) as { maxAge?: unknown };
    if (maxAge !== null && (typeof maxAge !== "number" || !isLifetime(maxAge))) return;
    this.#cookie.maxAge = maxAge;
    seen.see("cookie", { maxAge });
  }

  #settle(work: Promise<unknown>, done: Done | undefined): this | Promise<void> {
    if (done) {
      work.then(() => done(), done);
      return this;
    }
    const promise = work.then(() => {});
    // If nothing awaits the promise, as in code written for express-session, a rejection must not end the process.
    promise.catch(() => {});
    return promise;
  }
}

const prototype = Session.prototype;
for (const name of ["save", "reload", "regenerate", "destroy", "touch", "resetMaxAge"] as const) {
  Object.defineProperty(prototype, name, replaceable(name, prototype[name]));
}
for (const [name, get, set] of [
  ["auth", () => undefined, (_: object, value: unknown) => refuseAuth(undefined, value)],
  ["__proto__", Object.getPrototypeOf, () => {}],
] as const) {
  Object.defineProperty(prototype, name, { ...reserved({ get, set }), enumerable: false });
}

/** Puts values into a session, except those that would replace one of its methods. */
export function putValues(session: Request["session"], values: object): void {
  for (const [key, value] of Object.entries(values)) {
    if (key === "cookie" || !(key in session)) (session as unknown as Record<string, unknown>)[key] = value;
  }
}
