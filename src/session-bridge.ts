import type { Request } from "express";
import expressSession from "express-session";
import type { ResolvedCookie } from "./cookies.js";
import { SessionGoneError, StoreUnavailableError } from "./errors.js";
import type { LoginEmitter } from "./events.js";
import type { JsonObject } from "./json.js";
import type { SessionRecord } from "./session-store.js";
import { storageId } from "./storage-id.js";
import type { StoreCalls } from "./store-calls.js";

type Callback<T = void> = (error?: unknown, value?: T) => void;
type Session = expressSession.SessionData & { req?: Request };

/** What the bridge knows of a session object: where it stands in the store. */
interface Tracked extends Pick<SessionRecord, "createdAt" | "lastSeenAt"> {
  /** The data as it was last written, or null while nothing is in the store. */
  text: string | null;
  /** The write in progress; the next one waits for it. */
  writing: Promise<void>;
}

/** The options that the bridge needs. */
export interface BridgeOptions {
  sessionCookie: ResolvedCookie;
  idleTimeout: number;
  absoluteTimeout: number;
}

/** The last instant that a store takes, for a timeout of centuries. */
const LATEST = Date.UTC(9999, 11, 31);
/** At least this often a session in use is touched, however long the idle timeout. */
const LONGEST_TOUCH_INTERVAL = 60_000;
/** How long a login lasts that was not admitted yet, should its process not live to decide. */
const ADMISSION = 30_000;

/**
 * express-session on one side, a SessionStore on the other.
 *
 * It hashes ids, tells the first save of a session (`create`) from later ones (`update`), leaves out saves that change
 * nothing, and throttles touches.
 */
export class SessionBridge extends expressSession.Store {
  readonly #calls: StoreCalls;
  readonly #options: BridgeOptions;
  readonly #events: LoginEmitter<never>;
  readonly #tracked = new WeakMap<object, Tracked>();
  /** Set by the express-session middleware that is given this store. */
  declare generate: (req: Request) => void;

  constructor(calls: StoreCalls, options: BridgeOptions, events: LoginEmitter<never>) {
    super();
    this.#calls = calls;
    this.#options = options;
    this.#events = events;
  }

  override get(sid: string, callback: Callback<Session | null>): void {
    settle(this.#read(sid), callback);
  }

  override set(sid: string, session: Session, callback?: Callback): void {
    settle(this.#save(sid, session), callback);
  }

  /** Never keeps a response waiting: a touch that fails costs the session a minute of idle time at most. */
  override touch(sid: string, session: Session, callback?: Callback): void {
    this.#touch(sid, session).catch(() => {}); // told by storeFailed
    callback?.();
  }

  override destroy(sid: string, callback?: Callback): void {
    settle(this.end(sid), (error) => callback?.(error));
  }

  /** Destroys a session, and tells whether there was one and this call ended it. */
  end(sid: string): Promise<boolean> {
    return this.#calls.sessions("destroy", (store) => store.destroy(storageId(sid)));
  }

  /** Is this session in the store, as far as this process knows? */
  isStored(session: object | undefined): boolean {
    return session !== undefined && (this.#tracked.get(session)?.text ?? null) !== null;
  }

  /** When a session that is in the store began. */
  createdAt(session: object): number | undefined {
    return this.#tracked.get(session)?.createdAt;
  }

  /** Says when a session began that is not in the store yet, for one that continues another. */
  begin(session: Session, createdAt: number): void {
    this.#track(session).createdAt = createdAt;
  }

  /** The session of an id, for somebody who has no request. */
  find(sid: string): Promise<Session | null> {
    return this.#read(sid);
  }

  override createSession(req: Request, data: expressSession.SessionData): never {
    const tracked = this.#tracked.get(data);
    if (this.#options.sessionCookie.secure === "auto") data.cookie.secure = req.secure;
    const session = super.createSession(req, data);
    if (tracked) this.#tracked.set(session, tracked);
    return session as never;
  }

  /** Writes a new session that no request holds, and gives nothing back. For `latchkey/testing`. */
  async insert(sid: string, data: JsonObject): Promise<void> {
    const now = Date.now();
    await this.#calls.sessions("create", (store) => store.create(storageId(sid), this.#record(data, now, now)));
  }

  async #read(sid: string): Promise<Session | null> {
    const record = await this.#calls.sessions("read", (store) => store.read(storageId(sid)));
    if (!record) return null;
    const { createdAt, lastSeenAt } = record;
    const { cookie, ...data } = record.data;
    const session = { ...data, cookie: this.#cookie(cookie) } as unknown as Session;
    this.#tracked.set(session, {
      createdAt,
      lastSeenAt,
      text: JSON.stringify(record.data),
      writing: Promise.resolve(),
    });
    return session;
  }

  /** The cookie by today's settings, with the maxAge that the application gave this session, if it did. */
  #cookie(stored: unknown): object {
    const { name: _, secure, ...attributes } = this.#options.sessionCookie;
    const given = (stored as { maxAge?: unknown } | undefined)?.maxAge;
    const maxAge = typeof given === "number" ? given : null;
    return { ...attributes, ...(secure === "auto" ? {} : { secure }), maxAge, originalMaxAge: maxAge };
  }

  #save(sid: string, session: Session): Promise<void> {
    const tracked = this.#track(session);
    const write = tracked.writing.catch(() => {}).then(() => this.#write(sid, session, tracked));
    tracked.writing = write;
    return write;
  }

  async #write(sid: string, session: Session, tracked: Tracked): Promise<void> {
    const id = storageId(sid);
    const data = plainData(session);
    const text = JSON.stringify(data);
    if (text === tracked.text) return this.#touch(sid, session);
    const now = Date.now();
    const record = this.#record(JSON.parse(text) as JsonObject, tracked.createdAt, now);
    record.lastSeenAt = Math.max(now, tracked.lastSeenAt); // a clock that was set back takes nothing back
    if (tracked.text === null) {
      await this.#create(id, record);
    } else if (!(await this.#calls.sessions("update", (store) => store.update(id, record)))) {
      if (session.req) this.#events.emit("sessionGone", { req: session.req });
      throw new SessionGoneError();
    }
    tracked.text = text;
    tracked.lastSeenAt = record.lastSeenAt;
  }

  /** A login whose `create` was too slow has failed; should it come about after all, it is ended, for nobody has its id. */
  async #create(id: string, record: SessionRecord): Promise<void> {
    let creating: Promise<void> | undefined;
    try {
      await this.#calls.sessions("create", (store) => {
        creating = store.create(id, record);
        return creating;
      });
    } catch (error) {
      if (record.userId !== null && error instanceof StoreUnavailableError) {
        creating?.then(() => this.#calls.store.destroy(id)).catch(() => {});
      }
      throw error;
    }
  }

  async #touch(sid: string, session: Session): Promise<void> {
    const tracked = this.#track(session);
    const now = Date.now();
    const interval = Math.min(this.#options.idleTimeout / 10, LONGEST_TOUCH_INTERVAL);
    if (tracked.text === null || now - tracked.lastSeenAt < interval) return;
    tracked.lastSeenAt = now;
    const { lastSeenAt, expiresAt } = this.#record(session as never, tracked.createdAt, now);
    await this.#calls.sessions("touch", (store) => store.touch(storageId(sid), { lastSeenAt, expiresAt }));
  }

  #record(data: JsonObject, createdAt: number, now: number): SessionRecord {
    const auth = data.auth as unknown as expressSession.SessionData["auth"];
    const start = auth?.loginAt ?? createdAt;
    const idle = auth?.pending ? ADMISSION : this.#options.idleTimeout;
    const end = Math.min(now + idle, start + this.#options.absoluteTimeout);
    const expiresAt = Math.min(Math.ceil(end), LATEST);
    return { userId: auth?.userId ?? null, data, createdAt, lastSeenAt: now, expiresAt };
  }

  #track(session: Session): Tracked {
    let tracked = this.#tracked.get(session);
    if (!tracked) {
      const now = Date.now();
      tracked = { createdAt: now, lastSeenAt: now, text: null, writing: Promise.resolve() };
      this.#tracked.set(session, tracked);
    }
    return tracked;
  }
}

/** The session's content, and of its cookie only what the application may have changed. */
function plainData({ cookie, ...data }: Session): object {
  const maxAge = cookie.originalMaxAge;
  return maxAge === null || maxAge === undefined ? data : { ...data, cookie: { maxAge } };
}

function settle<T>(promise: Promise<T>, callback: Callback<T> = () => {}): void {
  promise.then(
    (value) => callback(null, value),
    (error: unknown) => callback(error),
  );
}
