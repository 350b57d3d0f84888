import type { Request } from "express";
import { changeable, frozen } from "../json.js";
import type { SessionAuth } from "./auth.js";
import type { SessionValues } from "./records.js";
import { Session } from "./session.js";
import type { SessionMiddleware } from "./session-middleware.js";
import type { SessionState } from "./snapshot.js";

type Callback<T = void> = (error?: unknown, value?: T) => void;
/** A session as plain data. */
type SessionData = Record<string, unknown> & { cookie?: { originalMaxAge?: number | null } };

/**
 * `req.sessionStore`: a store with the callback API of express-session, for libraries that were written for
 * express-session.
 */
export class ExpressStore {
  readonly #sessions: SessionMiddleware;
  readonly #state = new WeakMap<object, SessionState>();

  constructor(sessions: SessionMiddleware) {
    this.#sessions = sessions;
  }

  /** Gives the request a new, empty, unsaved session with a new id. */
  generate(req: Request): void {
    this.#sessions.generate(req);
  }

  /** Ends the session of the request, and gives the request a new session, even if the store fails. */
  regenerate(req: Request, done?: Callback): void {
    passResult(this.#sessions.regenerate(req), done);
  }

  /**
   * Passes the session with this id to the callback, as plain data for `createSession`; null if there is no such
   * session.
   */
  get(sid: string, done: Callback<SessionData | null>): void {
    const found = this.#sessions.records.find(sid).then((state) => {
      if (!state?.record) return null;
      seeAll(state);
      const originalMaxAge = this.#sessions.records.maxAgeOf(state.record.data);
      const data = { ...changeable(state.record.data), cookie: { originalMaxAge } };
      this.#state.set(data, state);
      return data;
    });
    passResult(found, done);
  }

  /** Makes a session from the data that `get` passed to its callback, and puts the session into the request. */
  createSession(req: Request, data: SessionData): Session {
    const state = this.#state.get(data) ?? this.#sessions.records.unsaved(req.sessionID);
    const session = this.#sessions.sessionFor(req, state);
    req.session = session as never;
    return session;
  }

  /** Like `get`, but passes a Session to the callback. The Session does not belong to a request. */
  load(sid: string, done: Callback<Session | undefined>): void {
    const request = { sessionID: sid, sessionStore: this, headers: {} } as unknown as Request;
    this.get(sid, (error, data) => (error || !data ? done(error) : done(null, this.createSession(request, data))));
  }

  /** Writes a session: a Session, or plain data. Plain data can end a login, but cannot begin or change a login. */
  set(sid: string, session: SessionData, done?: Callback): void {
    passResult(this.#set(sid, session), done);
  }

  touch(sid: string, session: SessionData, done?: Callback): void {
    const touched = this.#stateOf(sid, session).then(async (state) => void (await this.#sessions.records.touch(state)));
    passResult(touched, done);
  }

  destroy(sid: string, done?: Callback): void {
    passResult(this.#sessions.discard(sid), done && ((error) => done(error)));
  }

  async #set(sid: string, session: SessionData): Promise<void> {
    const state = await this.#stateOf(sid, session);
    const values = Session.stateOf(session) ? Session.inside(session).values : valuesOf(session, state);
    await this.#sessions.records.save(state, values);
  }

  async #stateOf(sid: string, session: SessionData): Promise<SessionState> {
    const own = Session.stateOf(session) ?? this.#state.get(session);
    if (own?.sid === sid) return own;
    const { records } = this.#sessions;
    const found = await records.find(sid);
    if (found) seeAll(found);
    return found ?? records.unsaved(sid);
  }
}

/**
 * Marks all stored values as read, so that values missing from the new data are treated as removed. The application gets
 * the login too, so it is frozen.
 */
function seeAll({ seen, record }: SessionState): void {
  frozen(record?.data.auth);
  for (const [key, value] of Object.entries(record?.data ?? {})) seen.see(key, value);
}

/** The values to store for a session that is given as plain data. */
function valuesOf(data: SessionData, { record }: SessionState): SessionValues {
  const auth = Object.hasOwn(data, "auth") ? record?.data.auth : undefined;
  const maxAge = data.cookie?.originalMaxAge;
  return { values: data, auth: auth as SessionAuth | undefined, maxAge: typeof maxAge === "number" ? maxAge : null };
}

/**
 * Passes the outcome of a promise to the callback. Without a callback, a rejection is ignored: it must not end the
 * process.
 */
function passResult<T>(work: Promise<T>, done: Callback<T> | undefined): void {
  work.then(
    (value) => done?.(null, value),
    (error: unknown) => done?.(error),
  );
}
