import type { Request, Response } from "express";
import { noteDeletion } from "../http/session-property.js";
import type { SessionAuth } from "./auth.js";
import type { Cookie } from "./cookie.js";
import type { OpenedCookie } from "./id-cookie.js";
import { RequestSession } from "./request-session.js";
import { Session } from "./session.js";
import type { SessionMiddleware } from "./session-middleware.js";
import type { SessionState } from "./snapshot.js";

/** Decides, when the response begins, whether latchkey's own session is saved, and whether its cookie is set. */
export abstract class OwnResponse extends RequestSession {
  protected sid: string | undefined;
  /** True if the store has no session for this request, and the request has not created one yet. */
  protected isAbsent = false;
  /** False until the store has responded, or the application has assigned a session. */
  protected isKnown = false;
  /** The session that was found in the store; undefined after the first use of the session. */
  protected found: SessionState | undefined;
  #setsCookie = false;

  constructor(
    req: Request,
    res: Response,
    protected readonly sessions: SessionMiddleware,
    protected readonly opened: OpenedCookie | null,
    isBeside = false,
  ) {
    super(req, res, undefined, isBeside);
    this.sid = opened?.sid;
  }

  /** Gives the request a new, empty, unsaved session with a new id. */
  generate(): void {
    const state = this.sessions.unsaved(this.req);
    this.open(state);
    this.sid = state.sid;
  }

  override finish(isWhole: boolean): Promise<void> | undefined {
    noteDeletion(this.req);
    const { req, res, sessions, found } = this;
    if (found && !sessions.rolling && !this.renewing && this.opened!.byFirst) {
      this.conclude();
      sessions.records.noteUse(found);
      return undefined;
    }
    if (found) this.open(found);
    if (this.isAbsent && sessions.saveUninitialized) this.generate();
    const isUnset = this.session === undefined || this.session === null;
    this.conclude();
    const isAmbiguous = this.used && !this.opened && sessions.cookie.isDoubledIn(req);
    if (isAmbiguous || (this.ended && !this.session && sessions.cookie.isIn(req))) sessions.cookie.clear(req, res);
    const mayEnd = sessions.unsetEnds && this.isKnown && !this.isAbsent && !this.unavailable;
    if (isUnset && mayEnd && typeof this.sid === "string") return this.#endUnset(this.sid);
    if (typeof this.sid !== "string") return undefined; // the application removed the session's id
    const { session } = this;
    return session && Session.stateOf(session) ? this.#finishSession(session, isWhole) : undefined;
  }

  /** Makes the session object of the request from the stored session. */
  protected open(state: SessionState): void {
    this.replace(this.sessions.sessionFor(this.req, state) as never);
  }

  protected override withdrawCookies(): void {
    super.withdrawCookies();
    if (this.#setsCookie) this.sessions.cookie.withdraw(this.res);
  }

  async #endUnset(sid: string): Promise<void> {
    this.isLoginUnknown = true;
    await this.sessions.discard(sid);
    this.isLoginUnknown = false;
  }

  #finishSession(session: object, isWhole: boolean): Promise<void> | undefined {
    const { req, sessions } = this;
    const { records } = sessions;
    const { state, cookie, values } = Session.inside(session);
    const hasChanges = this.used && records.changesOf(state, values).length > 0;
    const isModified = state.written || hasChanges;
    const isNew = state.sid !== this.opened?.sid;
    const saves = isModified || (state.record === null && sessions.saveUninitialized);
    if (state.record === null && !sessions.mayBegin(req, cookie, values.auth)) return undefined;
    if (saves && state.record === null && !sessions.cookie.isDeliverable(req, { secure: Boolean(cookie.secure) }))
      return undefined;
    cookie.maxAge = cookie.originalMaxAge;
    const renews = this.renewFor(values.auth);
    const sends = this.#needsCookie(cookie, state, isNew, isModified) && this.#sendCookie(state, cookie, values.auth);
    const saving = saves ? records.save(state, values, req) : undefined;
    // Before the cookies are sent, check that the session still exists. This is not needed if changes are saved,
    // because the save fails if the session has ended, or if the session is new, because no other request can end it.
    if ((sends || renews) && !isNew && !hasChanges) {
      const isLive = () => records.isLive(state);
      return saving ? saving.then(() => this.keepCookies(isLive(), isWhole)) : this.keepCookies(isLive(), isWhole);
    }
    if (!saves && !isNew) records.noteUse(state);
    return saving;
  }

  #needsCookie(cookie: Cookie, state: SessionState, isNew: boolean, isModified: boolean): boolean {
    const { sessions } = this;
    if (isNew) return sessions.saveUninitialized || isModified || state.record !== null;
    if (sessions.rolling || (cookie.expires !== null && isModified)) return true;
    // A cookie that was signed with an older secret is signed again only in a personal response, which no shared cache
    // stores.
    const isOld = this.opened !== null && !this.opened.byFirst;
    return isOld && this.personal && !sessions.cookie.isChangedBy(this.res);
  }

  /** Sets the cookie, unless it is Secure and the request arrived over plain HTTP. Returns whether it was set. */
  #sendCookie({ sid }: SessionState, { data }: Cookie, auth: SessionAuth | undefined): boolean {
    const { sessions } = this;
    const { expires, secure, originalMaxAge: _, ...attributes } = data;
    if (secure && !sessions.cookie.isSecure(this.req)) return false;
    // A cookie with a maxAge must not last longer than its login (ASVS 7.3.2). The session keeps the full maxAge,
    // because a confirmation restarts the login's timeout.
    const end =
      auth && Number.isFinite(auth.loginAt) ? auth.loginAt + sessions.absoluteTimeout : Number.POSITIVE_INFINITY;
    const until = expires && { expires: new Date(Math.min(expires.getTime(), end)) };
    this.#setsCookie = true;
    sessions.cookie.send(this.req, this.res, sessions.ids.seal(sid), {
      ...attributes,
      ...until,
      secure: Boolean(secure), // the application may have assigned "auto", or any other value
    });
    return true;
  }
}
