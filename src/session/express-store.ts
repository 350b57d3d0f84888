import type { Request } from "express";
import { SessionGoneError } from "../errors.js";
import { changeable } from "../json.js";
import type { SessionAuth } from "./auth.js";
import { Cookie } from "./cookie.js";
import type { KeptSession, SessionRecords, SessionValues } from "./records.js";
import { Session, type SessionKeeper } from "./session.js";
import type { SessionSettings } from "./settings.js";

type Callback<T = void> = (error?: unknown, value?: T) => void;
/** A session as plain data. */
type SessionData = Record<string, unknown> & { cookie?: { originalMaxAge?: number | null } };

/**
 * `req.sessionStore`: what express-session's stores are to a request, over a SessionStore. It makes the sessions of requests, and takes
 * the calls, with callbacks, of libraries that were written for express-session.
 */
export class SessionBridge implements SessionKeeper {
  readonly #kept = new WeakMap<object, KeptSession>();

  constructor(
    readonly records: SessionRecords,
    private readonly settings: SessionSettings,
  ) {}

  /** Gives the request a new, empty, unsaved session with a new id. */
  generate(req: Request): void {
    req.sessionID = this.settings.newId(req);
    this.put(req, this.records.unsaved(req.sessionID));
  }

  /** Puts a session that was found into the request. */
  put(req: Request, kept: KeptSession): void {
    const { cookie: browserCookie } = this.settings;
    const cookie = new Cookie(browserCookie.attributesFor(req), browserCookie.isSecure(req));
    req.session = new Session(req, kept, this, cookie) as never;
  }

  /** @throws InsecureConnectionError when the cookie of this request's session could never reach the browser */
  assertDeliverable(req: Request): void {
    this.settings.cookie.assertDeliverable(req);
  }

  /** Can the cookie of this request's session reach the browser? If not, warns the first time. */
  isDeliverable(req: Request): boolean {
    return this.settings.cookie.isDeliverable(req);
  }

  async save(session: Session): Promise<void> {
    const { kept, req, cookie, values } = Session.inside(session);
    if (!kept.record) {
      if (!this.settings.mayBegin(req, cookie, values.auth)) return;
      this.settings.cookie.assertDeliverable(req, { secure: Boolean(cookie.secure) });
    }
    await this.records.save(kept, values, req);
  }

  async reload(session: Session): Promise<void> {
    const { kept: before, req } = Session.inside(session);
    const kept = await this.records.find(before.sid);
    if (!kept) throw new SessionGoneError();
    this.put(req, kept);
  }

  /** Ends the session of the request, and gives it a new one, even when the store fails. */
  regenerate(req: Request, done?: Callback): Promise<void> {
    const work = this.end(req.sessionID).finally(() => this.generate(req));
    return answered(
      work.then(() => {}),
      done,
    );
  }

  /** Ends a session, and tells whether there was one and this call ended it. */
  end(sid: string): Promise<boolean> {
    return this.records.end(sid);
  }

  /** Is this session in the store, as far as this process knows? */
  isStored(session: unknown): boolean {
    return (Session.keptOf(session)?.record ?? null) !== null;
  }

  /** The id of the record of this session. */
  recordId(session: unknown): string | undefined {
    return Session.keptOf(session)?.id;
  }

  /** When a session that is in the store began. */
  createdAt(session: unknown): number | undefined {
    return Session.keptOf(session)?.createdAt;
  }

  /** Says when a session began that is not in the store yet, for one that continues another. */
  begin(session: unknown, createdAt: number): void {
    Session.keptOf(session)!.createdAt = createdAt;
  }

  /** The session of an id as data, for `createSession`. */
  get(sid: string, done: Callback<SessionData | null>): void {
    const found = this.records.find(sid).then((kept) => {
      if (!kept?.record) return null;
      seeAll(kept);
      const { maxAge } = (kept.record.data.cookie ?? {}) as { maxAge?: number };
      const data = { ...changeable(kept.record.data), cookie: { originalMaxAge: maxAge ?? null } };
      this.#kept.set(data, kept);
      return data;
    });
    void answered(found, done);
  }

  /** Puts a session that `get` gave into the request. */
  createSession(req: Request, data: SessionData): Session {
    this.put(req, this.#kept.get(data) ?? this.records.unsaved(req.sessionID));
    return req.session as never;
  }

  /** Like `get`, as a session of no request. */
  load(sid: string, done: Callback<Session | undefined>): void {
    const request = { sessionID: sid, sessionStore: this, headers: {} } as unknown as Request;
    this.get(sid, (error, data) => (error || !data ? done(error) : done(null, this.createSession(request, data))));
  }

  /** Writes a session, or plain data instead of one. Plain data can end a login, but not begin or change one. */
  set(sid: string, session: SessionData, done?: Callback): void {
    void answered(this.#set(sid, session), done);
  }

  touch(sid: string, session: SessionData, done?: Callback): void {
    const touched = this.#keptOf(sid, session).then(async (kept) => void (await this.records.touch(kept)));
    void answered(touched, done);
  }

  destroy(sid: string, done?: Callback): void {
    void answered(this.end(sid), done && ((error) => done(error)));
  }

  async #set(sid: string, session: SessionData): Promise<void> {
    const kept = await this.#keptOf(sid, session);
    await this.records.save(kept, Session.keptOf(session) ? Session.inside(session).values : valuesOf(session, kept));
  }

  async #keptOf(sid: string, session: SessionData): Promise<KeptSession> {
    const own = Session.keptOf(session) ?? this.#kept.get(session);
    if (own?.sid === sid) return own;
    const found = await this.records.find(sid);
    if (found) seeAll(found);
    return found ?? this.records.unsaved(sid);
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

/** A promise that also calls back, and when it does ends no process by its rejection. */
function answered<T>(work: Promise<T>, done: Callback<T> | undefined): Promise<T> {
  work.then(
    (value) => done?.(null, value),
    (error: unknown) => done?.(error),
  );
  return work;
}
