import type { Request } from "express";
import type { StorageIds } from "../crypto/storage-id.js";
import { isLatchkeyError, StoreUnavailableError } from "../errors.js";
import { isAddressLost } from "../http/client.js";
import { LATEST } from "../instants.js";
import type { SessionAuth } from "../session/auth.js";
import type { SessionRecords } from "../session/records.js";
import type { SessionImports } from "../session/session-middleware.js";
import type { SessionState } from "../session/snapshot.js";
import { createIfFree } from "../store/create-if-free.js";
import { RecentTouches } from "../store/recent-touches.js";
import type { SessionRecord, SessionStore, SessionTimes } from "../store/session-store.js";
import { checkUserId } from "../user.js";
import type { OldSession, OldSessions } from "./old-sessions.js";
import type { ImportOptions } from "./options.js";

/** What the imports of one manager use. */
export interface ImportParts {
  from: Pick<ImportOptions, "login" | "keep">;
  old: OldSessions;
  records: SessionRecords;
  store: SessionStore;
  /** The ids of the records that say which old sessions were imported. */
  ids: StorageIds;
  /** Returns a login of this user that is not fresh; null if the user does not exist. */
  newLogin(req: Request, userId: string): Promise<SessionAuth | null>;
}

/** The kind of a record that says that an old session was imported, so that it is imported only once. */
const KIND = "imported";
/** How long an import may take, in milliseconds. Then another request may import the session. */
const LEASE = 30_000;
/** The shortest time for which an old session counts as imported, in milliseconds: 30 days. */
const IMPORTED_FOR = 2_592_000_000;
/** How often, and how many times, a request checks whether another process has finished the import. */
const PAUSE = 25;
const MAX_LOOKS = 80;
/** How often a kept old session that is in use is touched, in milliseconds. */
const TOUCH_INTERVAL = 60_000;

/**
 * Imports the sessions of the application's earlier express-session, each at its first request.
 *
 * The session keeps its id, so that the browser's cookie stays valid, and concurrent requests get the same session. It
 * is imported only once, even after it has ended: otherwise the old session would bring an ended login back.
 */
export class ImportedSessions implements SessionImports {
  /** The imports in progress in this process, by session id. */
  readonly #running = new Map<string, Promise<void>>();
  /** The touches of old sessions, by session id. */
  readonly #touches = new RecentTouches();

  constructor(private readonly parts: ImportParts) {}

  async find(req: Request, { sid, id }: { sid: string; id?: string | undefined }): Promise<SessionState | null> {
    const { records, old, from } = this.parts;
    const found = await records.find(sid, id);
    if (found) {
      await this.#extendIfNew(found);
      return (await this.#isAlive(found)) ? found : null;
    }
    const session = await old.read(sid);
    // Another process may have imported the session, and ended it in the old store, since the first look.
    if (!session) return from.keep ? null : records.find(sid, id);
    // The login would be bound to an unknown client. A later request imports it.
    if (isAddressLost(req) && this.#userIdIn(session) !== null) return null;
    let running = this.#running.get(sid);
    if (!running) {
      running = this.#import(req, sid, session).finally(() => this.#running.delete(sid));
      this.#running.set(sid, running);
    }
    await running;
    return records.find(sid, id);
  }

  async end(sid: string): Promise<SessionRecord | null> {
    const ended = await this.parts.records.end(sid);
    if (this.parts.from.keep) await this.parts.old.end(sid);
    return ended;
  }

  async endEarlier(sid: string, kept: string | undefined): Promise<void> {
    const { store, ids, records, old } = this.parts;
    const marker = ids.of(sid);
    const { expiresAt, lastSeenAt } = imported(null);
    try {
      const times = { createdAt: lastSeenAt, lastSeenAt, expiresAt };
      await store.create(marker, { kind: KIND, userId: null, data: {}, ...times, revision: 1 });
    } catch (error) {
      if (!isLatchkeyError(error, "session_exists")) throw error;
      await store.update(marker, { data: {}, lastSeenAt, expiresAt, revision: 0 });
    }
    if (sid !== kept) await records.end(sid);
    await old.end(sid);
  }

  /** Extends a session if the request that imported it failed, or ended, just before it did so. */
  async #extendIfNew(state: SessionState): Promise<void> {
    const { lastSeenAt, expiresAt } = state.record!;
    if (expiresAt > lastSeenAt + LEASE) return;
    const { store, ids, records } = this.parts;
    const marker = await store.read(ids.of(state.sid));
    if (marker && marker.revision > 0) await records.extend(state);
  }

  /**
   * Is this session still alive? A login whose old session is kept ends with it: the user may have logged out of the
   * earlier application.
   */
  async #isAlive(state: SessionState): Promise<boolean> {
    const auth = state.record?.data.auth as unknown as SessionAuth | undefined;
    if (auth?.imported !== state.id) return true;
    const { old, records } = this.parts;
    const session = await old.read(state.sid);
    if (!session || this.#userIdIn(session) !== auth.userId) {
      await records.end(state.sid);
      return false;
    }
    if (Date.now() - this.#touches.lastSeen(state.sid, state.lastSeenAt) < TOUCH_INTERVAL) return true;
    // The event storeFailed reports a failure.
    this.#touches.note(
      state.sid,
      this.#touchOld(state.sid, session).then(() => true),
    );
    return true;
  }

  /** Touches a kept old session. First makes sure that the session counts as imported for at least as long. */
  async #touchOld(sid: string, session: OldSession): Promise<void> {
    const { store, ids, old } = this.parts;
    const { maxAge, endsAt } = session;
    await store.touch(ids.of(sid), imported(maxAge === null ? endsAt : Date.now() + maxAge));
    await old.touch(sid, session);
  }

  async #import(req: Request, sid: string, session: OldSession): Promise<void> {
    const { store, ids, records, old } = this.parts;
    const marker = ids.of(sid);
    for (let look = 0; look < MAX_LOOKS; look++) {
      if (await this.#claim(marker)) return this.#take(req, sid, session, marker);
      const other = await store.read(marker);
      if (other && other.revision > 0) {
        // It was imported, and may have ended since.
        if (!(await records.find(sid))) await old.end(sid);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    throw new StoreUnavailableError("another request has not finished importing this session");
  }

  /** Resolves with true if this call may import the session. */
  #claim(marker: string): Promise<boolean> {
    const now = Date.now();
    const times = { createdAt: now, lastSeenAt: now, expiresAt: now + LEASE };
    return createIfFree(this.parts.store, marker, { kind: KIND, userId: null, data: {}, ...times, revision: 0 });
  }

  async #take(req: Request, sid: string, session: OldSession, marker: string): Promise<void> {
    const { records, store, old, from } = this.parts;
    try {
      const state = await this.#create(req, sid, session);
      if (await this.#confirm(marker, session)) {
        if (state) await records.extend(state);
      } else if (state) {
        await store.destroy(state.id); // it took so long that another request imported the session
        throw new StoreUnavailableError("importing a session took too long");
      }
    } catch (error) {
      // Another request may try again, unless the import was confirmed.
      await store.update(marker, { data: {}, lastSeenAt: 0, expiresAt: 0, revision: 0 }).catch(() => {});
      throw error;
    }
    if (!from.keep) await old.end(sid);
  }

  /**
   * Creates the record. Until the import is confirmed, it lasts no longer than the lease, so that both end if this
   * process does. Resolves with null if the session belongs to a user who does not exist.
   */
  async #create(req: Request, sid: string, session: OldSession): Promise<SessionState | null> {
    const { records, from, newLogin } = this.parts;
    const state = records.unsaved(sid);
    const userId = this.#userIdIn(session);
    const login = userId === null ? undefined : await newLogin(req, userId);
    if (login === null) return null;
    const auth = login && from.keep ? { ...login, imported: state.id } : login;
    const { passport, ...others } = session.values;
    const values = from.login ? others : session.values; // Passport's value is in the login now
    await records.begin(state, { values, auth, maxAge: session.maxAge }, Date.now() + LEASE);
    return state;
  }

  /** Notes that the session was imported. Resolves with false if another request has done so. */
  #confirm(marker: string, { endsAt }: OldSession): Promise<boolean> {
    return this.parts.store.update(marker, { data: {}, ...imported(endsAt), revision: 0 });
  }

  /** @throws UserIdError if the application's function returns anything but a user id, null or undefined */
  #userIdIn({ values }: OldSession): string | null {
    const userId: unknown = this.parts.from.login?.(values) ?? null;
    return userId === null ? null : checkUserId(userId, "session.importFrom.login()");
  }
}

/** Returns the timestamps of a record that says that an old session was imported. @param endsAt when that session ends */
function imported(endsAt: number | null): SessionTimes {
  const now = Date.now();
  return { lastSeenAt: now, expiresAt: Math.ceil(Math.min(Math.max(now + IMPORTED_FOR, endsAt ?? 0), LATEST)) };
}
