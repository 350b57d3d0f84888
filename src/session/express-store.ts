import type { Request } from "express";
import { changeable } from "../json.js";
import type { SessionAuth } from "./auth.js";
import type { KeptSession, SessionValues } from "./records.js";
import { Session } from "./session.js";
import type { SessionMiddleware } from "./session-middleware.js";

type Callback<T = void> = (error?: unknown, value?: T) => void;
/** A session as plain data. */
type SessionData = Record<string, unknown> & { cookie?: { originalMaxAge?: number | null } };

/** `req.sessionStore`: the store of express-session, with its callbacks, for libraries that were written for it. */
export class ExpressStore {
  readonly #sessions: SessionMiddleware;
  readonly #kept = new WeakMap<object, KeptSession>();

  constructor(sessions: SessionMiddleware) {
    this.#sessions = sessions;
  }

  /** Gives the request a new, empty, unsaved session with a new id. */
  generate(req: Request): void {
    this.#sessions.generate(req);
  }

  /** Ends the session of the request, and gives it a new one, even when the store fails. */
  regenerate(req: Request, done?: Callback): void {
    answer(this.#sessions.regenerate(req), done);
  }

  /** The session of an id as data, for `createSession`. */
  get(sid: string, done: Callback<SessionData | null>): void {
    const found = this.#sessions.records.find(sid).then((kept) => {
      if (!kept?.record) return null;
      seeAll(kept);
      const { maxAge } = (kept.record.data.cookie ?? {}) as { maxAge?: number };
      const data = { ...changeable(kept.record.data), cookie: { originalMaxAge: maxAge ?? null } };
      this.#kept.set(data, kept);
      return data;
    });
    answer(found, done);
  }

  /** Puts a session that `get` gave into the request. */
  createSession(req: Request, data: SessionData): Session {
    const kept = this.#kept.get(data) ?? this.#sessions.records.unsaved(req.sessionID);
    const session = this.#sessions.sessionFor(req, kept);
    req.session = session as never;
    return session;
  }

  /** Like `get`, as a session of no request. */
  load(sid: string, done: Callback<Session | undefined>): void {
    const request = { sessionID: sid, sessionStore: this, headers: {} } as unknown as Request;
    this.get(sid, (error, data) => (error || !data ? done(error) : done(null, this.createSession(request, data))));
  }

  /** Writes a session, or plain data instead of one. Plain data can end a login, but not begin or change one. */
  set(sid: string, session: SessionData, done?: Callback): void {
    answer(this.#set(sid, session), done);
  }

  touch(sid: string, session: SessionData, done?: Callback): void {
    const touched = this.#keptOf(sid, session).then(async (kept) => void (await this.#sessions.records.touch(kept)));
    answer(touched, done);
  }

  destroy(sid: string, done?: Callback): void {
    answer(this.#sessions.end(sid), done && ((error) => done(error)));
  }

  async #set(sid: string, session: SessionData): Promise<void> {
    const kept = await this.#keptOf(sid, session);
    const values = Session.keptOf(session) ? Session.inside(session).values : valuesOf(session, kept);
    await this.#sessions.records.save(kept, values);
  }

  async #keptOf(sid: string, session: SessionData): Promise<KeptSession> {
    const own = Session.keptOf(session) ?? this.#kept.get(session);
    if (own?.sid === sid) return own;
    const { records } = this.#sessions;
    const found = await records.find(sid);
    if (found) seeAll(found);
    return found ?? records.unsaved(sid);
  }
}

/** Notes all values in the store, so that those missing in the new data count as removed. */
function seeAll({ seen, record }: KeptSession): void {
  for (const [key, value] of Object.entries(record?.data ?? {})) seen.see(key, value);
}

/** The values to keep of a session that is plain data. */
function valuesOf(data: SessionData, { record }: KeptSession): SessionValues {
  const auth = Object.hasOwn(data, "auth") ? record?.data.auth : undefined;
  const maxAge = data.cookie?.originalMaxAge;
  return { values: data, auth: auth as SessionAuth | undefined, maxAge: typeof maxAge === "number" ? maxAge : null };
}

/** Calls back with the outcome of a promise, or leaves it. A rejection that nobody hears must not end the process. */
function answer<T>(work: Promise<T>, done: Callback<T> | undefined): void {
  work.then(
    (value) => done?.(null, value),
    (error: unknown) => done?.(error),
  );
}
