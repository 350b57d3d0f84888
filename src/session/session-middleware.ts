import { randomBytes } from "node:crypto";
import type { Request } from "express";
import type { StorageIds } from "../crypto/storage-id.js";
import { SessionGoneError, unexpected } from "../errors.js";
import type { LoginEmitter } from "../events.js";
import { BrowserCookie } from "../http/cookies/browser-cookie.js";
import { isFromOtherSite } from "../http/request-origin.js";
import type { Devices } from "../options/devices.js";
import type { ResolvedOptions } from "../options/resolved-options.js";
import type { EarlierSessions } from "../options/session-options.js";
import type { SessionRecord, SessionStore } from "../store/session-store.js";
import { kindOf } from "../text.js";
import type { SessionAuth } from "./auth.js";
import { Cookie } from "./cookie.js";
import { SessionCookie } from "./id-cookie.js";
import { endParked, SessionRecords } from "./records.js";
import { Session, type SessionKeeper } from "./session.js";
import type { SessionState } from "./snapshot.js";

/** The part `importFrom`: finds the sessions of the application's earlier express-session too. */
export interface SessionImports {
  /** Resolves with the session that the cookie names, in latchkey's store or imported into it, or null. */
  find(req: Request, opened: { sid: string; id?: string | undefined }): Promise<SessionState | null>;
  /** Ends a session, and the old session that it was imported from. Resolves as `SessionRecords.end` does. */
  end(sid: string): Promise<SessionRecord | null>;
  /**
   * Ends the old session that the browser's old cookie names, and what was imported from it. Otherwise, it would log
   * the browser in again after a logout. No import that is running can bring the session back.
   *
   * @param sid the id of the old session
   * @param kept the id of the session in use. If it is the same, it is not ended here, because the caller ends it
   */
  endEarlier(sid: string, kept: string | undefined): Promise<void>;
}

/** The objects and options that the sessions of all requests share under one manager. */
export class SessionMiddleware implements SessionKeeper {
  readonly records: SessionRecords;
  /** Reads and signs the session ids in cookies. */
  readonly ids: SessionCookie;
  /** Sets and removes the cookie. */
  readonly cookie: BrowserCookie;
  readonly rolling: boolean;
  readonly saveUninitialized: boolean;
  /** Does a session end when the application removes it from its request? */
  readonly unsetEnds: boolean;
  readonly absoluteTimeout: number;
  /** Finds the sessions of the application's earlier express-session too, if it has one. */
  imports: SessionImports | undefined;
  /** The devices of bound logins. */
  devices: Devices | undefined;
  readonly #genid: ((req: Request) => unknown) | undefined;

  constructor(
    readonly options: ResolvedOptions,
    secrets: readonly string[],
    private readonly store: SessionStore,
    ids: StorageIds,
    earlier: EarlierSessions | undefined,
    events: LoginEmitter<never>,
  ) {
    const { idleTimeout, absoluteTimeout, sessionCookie: resolved, sessionCookieOf: attributesOf } = options;
    const { rolling, saveUninitialized, unset, proxy, genid } = options.session;
    const maxAge = resolved.maxAge ?? null;
    this.records = new SessionRecords(store, ids, { idleTimeout, absoluteTimeout, maxAge }, events);
    this.ids = new SessionCookie(resolved.name, secrets, ids, earlier);
    this.cookie = new BrowserCookie({ resolved, attributesOf, proxy }, events);
    this.rolling = rolling;
    this.saveUninitialized = saveUninitialized;
    this.unsetEnds = unset === "destroy";
    this.absoluteTimeout = absoluteTimeout;
    this.#genid = genid;
  }

  /**
   * Returns a new session that is not in the store.
   *
   * @throws OptionError if the application's `genid` returns anything except a non-empty string
   */
  unsaved(req: Request): SessionState {
    return this.records.unsaved(this.#newId(req));
  }

  /** Returns the session object for the application. */
  sessionFor(req: Request, state: SessionState): Session {
    const cookie = new Cookie(this.cookie.attributesFor(req), this.cookie.isSecure(req));
    return new Session(req, state, this, cookie);
  }

  /** Gives a request a new, empty session, which is not in the store. */
  generate(req: Request): void {
    const state = this.unsaved(req);
    req.sessionID = state.sid;
    req.session = this.sessionFor(req, state) as never;
  }

  /**
   * Writes what the request changed.
   *
   * @throws InsecureConnectionError if the session is new and its cookie cannot reach the browser
   */
  async save(session: Session): Promise<void> {
    const { state, req, cookie, values } = Session.inside(session);
    if (!state.record) {
      if (!this.mayBegin(req, cookie, values.auth)) return;
      this.cookie.assertDeliverable(req, { secure: Boolean(cookie.secure) });
    }
    await this.records.save(state, values, req);
  }

  async reload(session: Session): Promise<void> {
    const { state: before, req } = Session.inside(session);
    const state = await this.records.find(before.sid);
    if (!state) throw new SessionGoneError();
    req.session = this.sessionFor(req, state) as never;
  }

  /** Ends the session of the request, and gives the request a new session, even if the store fails. */
  async regenerate(req: Request): Promise<void> {
    await this.discard(req.sessionID).finally(() => this.generate(req));
  }

  /** Resolves with the session that the cookie of a request names, or null. A bound login needs its device. */
  find(req: Request, opened: { sid: string; id?: string | undefined }): Promise<SessionState | null> {
    const { devices } = this;
    const finding = this.imports ? this.imports.find(req, opened) : this.records.find(opened.sid, opened.id);
    return devices ? finding.then((state) => devices.shownTo(req, state)) : finding;
  }

  /** Ends a session. Resolves as `SessionRecords.end` does. */
  end(sid: string): Promise<SessionRecord | null> {
    return (this.imports ?? this.records).end(sid);
  }

  /** Ends a session because the application has destroyed it. */
  async discard(sid: string): Promise<void> {
    await endParked(this.store, await this.end(sid));
  }

  /** Ends the session that the cookie of the application's earlier express-session names. */
  async endEarlier(req: Request, kept: string | undefined): Promise<void> {
    const earlier = this.imports && this.ids.readEarlier(req);
    if (earlier) await this.imports?.endEarlier(earlier.sid, kept);
  }

  /**
   * May this new session be saved? Returns false if the session has no login, and its cookie would replace that of a
   * login. This is so if a page of another site sent the request without a session cookie: because of SameSite, the
   * browser may have a session cookie that it did not send. The same is true if the browser has the key of a login, but
   * could not get the cookie of the device.
   */
  mayBegin(req: Request, { sameSite }: Pick<Cookie, "sameSite">, auth: SessionAuth | undefined): boolean {
    if (auth !== undefined) return true;
    if (this.devices?.isExcused(req)) return false;
    if (sameSite === "none") return true;
    return !isFromOtherSite(req) || this.cookie.isIn(req);
  }

  #newId(req: Request): string {
    if (!this.#genid) return newSessionId();
    const id: unknown = this.#genid(req);
    if (typeof id === "string" && id !== "") return id;
    throw unexpected("session.genid", "it to return a non-empty string", kindOf(id));
  }
}

/** Returns a session id of 192 random bits (ASVS 7.2.3). */
export function newSessionId(): string {
  return randomBytes(24).toString("base64url");
}
