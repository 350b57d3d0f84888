import type { Request } from "express";
import type { StorageIds } from "../crypto/storage-id.js";
import { SessionGoneError } from "../errors.js";
import type { LoginEmitter } from "../events.js";
import { LATEST } from "../instants.js";
import type { JsonObject } from "../json.js";
import { RecentTouches } from "../store/recent-touches.js";
import type { SessionRecord, SessionStore } from "../store/session-store.js";
import type { SessionAuth } from "./auth.js";
import { MergedUpdates, readSession, type SessionTimeouts } from "./merged-updates.js";
import { type Changed, changedData, SessionState } from "./snapshot.js";

/** The timeouts of sessions, in milliseconds. */
export interface RecordOptions {
  idleTimeout: number;
  absoluteTimeout: number;
  /** The default lifetime of the cookie; null if the cookie lasts until the browser closes. */
  maxAge: number | null;
}

/** The values of a session that are written to the store. */
export interface SessionValues {
  /** The application's values. Its values with the names `auth` and `cookie` are ignored. */
  values: object;
  auth: SessionAuth | undefined;
  /** The lifetime of the session's cookie, in milliseconds; null if the cookie lasts until the browser closes. */
  maxAge: number | null;
}

/** A session in use is touched at least this often, even if the idle timeout is long. */
const LONGEST_TOUCH_INTERVAL = 60_000;
/** How long a login stays in the store if its process stops before it has checked `maxSessions`. */
const PENDING_TIMEOUT = 30_000;

/**
 * Reads and writes the sessions in a SessionStore. Hashes ids. Calls `create` for the first write of a session, and
 * `update` for later writes. Writes only what a request changed, and limits how often a session is touched.
 */
export class SessionRecords implements SessionTimeouts {
  readonly #updates: MergedUpdates;
  readonly #touches = new RecentTouches();

  constructor(
    private readonly store: SessionStore,
    private readonly ids: StorageIds,
    private readonly options: RecordOptions,
    private readonly events: LoginEmitter<never>,
  ) {
    this.#updates = new MergedUpdates(store, this);
  }

  /** Returns a new session that is not in the store. */
  unsaved(sid: string): SessionState {
    return new SessionState(sid, this.ids.of(sid), null);
  }

  /** Resolves with the session of this id, or null. */
  async find(sid: string, id: string = this.ids.of(sid)): Promise<SessionState | null> {
    const record = await readSession(this.store, id);
    return record && new SessionState(sid, id, record);
  }

  /** Writes the values that changed. The writes of one session run one after the other. */
  save(state: SessionState, values: SessionValues, req?: Request): Promise<void> {
    const write = () => this.#write(state, values, req);
    const writing = state.writing ? state.writing.then(write, write) : write();
    state.writing = writing;
    return writing;
  }

  /**
   * Updates the time of the session's last use in the store. If this was done recently, or another request of this
   * process is doing it, does nothing and returns undefined.
   */
  touch(state: SessionState): Promise<unknown> | undefined {
    const { id, record } = state;
    if (!record) return undefined;
    if (!this.isTouchDue(record.data, this.#touches.lastSeen(id, state.lastSeenAt))) return undefined;
    state.lastSeenAt = Date.now();
    const touching = this.extend(state);
    this.#touches.note(id, touching);
    return touching;
  }

  isTouchDue(data: JsonObject, lastSeenAt: number): boolean {
    return Date.now() - lastSeenAt >= Math.min(this.#idleOf(data) / 10, LONGEST_TOUCH_INTERVAL);
  }

  /** Updates the session's last use in the store now. */
  extend({ id, record, createdAt }: SessionState): Promise<boolean> {
    const now = Date.now();
    const expiresAt = this.expiryOf(record?.data ?? {}, createdAt, now);
    return this.store.touch(id, { lastSeenAt: now, expiresAt });
  }

  /** Creates the record of a session with these values. It lasts until this time at the latest. */
  async begin(state: SessionState, values: SessionValues, until: number): Promise<void> {
    state.record = await this.create(state, changedData({}, this.changesOf(state, values)), until);
  }

  /** Is the session still in the store? Also updates the time of its last use, unless this was done recently. */
  async isLive(state: SessionState): Promise<boolean> {
    const touched = this.touch(state);
    if (touched) return (await touched) === true;
    return (await readSession(this.store, state.id)) !== null;
  }

  /** Touches the session in the background. The event `storeFailed` reports a failure. */
  noteUse(state: SessionState): void {
    this.touch(state)?.catch(() => {});
  }

  /** Ends a session. Resolves with its record as it was at that moment; null if this call ended no session. */
  async end(sid: string): Promise<SessionRecord | null> {
    const ended = await this.store.destroy(this.ids.of(sid));
    return ended?.kind === "session" ? ended : null;
  }

  /** The lifetime of a stored session's cookie, in milliseconds; null if the cookie lasts until the browser closes. */
  maxAgeOf({ cookie }: JsonObject): number | null {
    const { maxAge = this.options.maxAge } = (cookie ?? {}) as { maxAge?: unknown };
    return typeof maxAge === "number" ? maxAge : null;
  }

  /**
   * Returns what a save would write.
   *
   * @throws SessionValueError if a value cannot be stored as JSON
   */
  changesOf(state: SessionState, { values, auth, maxAge }: SessionValues): Changed[] {
    return state.seen.changesIn(values, { auth, cookie: maxAge === this.options.maxAge ? undefined : { maxAge } });
  }

  async #write(state: SessionState, values: SessionValues, req: Request | undefined): Promise<void> {
    const changed = this.changesOf(state, values);
    if (!state.record) state.record = await this.create(state, changedData({}, changed));
    else if (changed.length === 0) return void (await this.touch(state));
    else state.record = (await this.#change(state, state.record, values, changed)) ?? this.#gone(req);
    state.seen.accept(changed);
    state.lastSeenAt = state.record.lastSeenAt;
    state.written = true;
  }

  /** Resolves with the new record; with null if the session has ended. */
  async #change(
    state: SessionState,
    record: SessionRecord,
    { auth }: SessionValues,
    changed: readonly Changed[],
  ): Promise<SessionRecord | null> {
    if (auth || record.userId === null) return this.#updates.update(state.id, record, changed);
    // The application wrote plain data without the login, which ends the login. The user of a record never changes, so
    // a new record with the same id replaces it.
    const ended = await this.store.destroy(state.id);
    if (!ended) return null;
    await endParked(this.store, ended);
    return this.create(state, changedData(record.data, changed));
  }

  /** Creates the record of a session. */
  async create({ id, createdAt }: SessionState, data: JsonObject, until: number = LATEST): Promise<SessionRecord> {
    const now = Date.now();
    const userId = authIn(data)?.userId ?? null;
    const expiresAt = Math.min(this.expiryOf(data, createdAt, now), until);
    const record = { kind: "session", userId, data, createdAt, lastSeenAt: now, expiresAt, revision: 0 };
    await this.store.create(id, record);
    return record;
  }

  #gone(req: Request | undefined): never {
    if (req) this.events.emit("sessionGone", { req });
    throw new SessionGoneError();
  }

  expiryOf(data: JsonObject, createdAt: number, now: number): number {
    const start = authIn(data)?.loginAt ?? createdAt;
    const end = Math.min(now + this.#idleOf(data), start + this.options.absoluteTimeout);
    return Math.min(Math.max(Math.ceil(end), 0), LATEST);
  }

  /** How long the session may stay unused: at most the idle timeout, and at most the `maxAge` of its cookie. */
  #idleOf(data: JsonObject): number {
    const auth = authIn(data);
    if (auth?.pending && auth.pendingUntil === undefined) return PENDING_TIMEOUT;
    const maxAge = this.maxAgeOf(data);
    const { idleTimeout } = this.options;
    return maxAge === null ? idleTimeout : Math.min(idleTimeout, maxAge);
  }
}

function authIn(data: JsonObject): SessionAuth | undefined {
  return data.auth as unknown as SessionAuth | undefined;
}

/**
 * Call it after the application has ended a session without a logout. If an administrator acted as the user in it, ends
 * the session of the administrator, which nobody can use any more.
 */
export async function endParked(store: SessionStore, ended: SessionRecord | null): Promise<void> {
  const auth = ended?.data.auth as unknown as SessionAuth | undefined;
  if (auth?.impersonator) await store.destroy(auth.impersonator.session);
}
