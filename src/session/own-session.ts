import { IncomingMessage } from "node:http";
import type { Request, Response } from "express";
import { defineShared, SharedProperties, sharedProperty } from "../http/shared-properties.js";
import type { SessionAuth } from "./auth.js";
import type { Cookie } from "./cookie.js";
import type { SessionBridge } from "./express-store.js";
import type { OpenedCookie, SessionCookie } from "./id-cookie.js";
import type { KeptSession } from "./records.js";
import { accessOf, makeDeletable, noteDeletion, SessionAccess } from "./request-session.js";
import { Session } from "./session.js";
import type { SessionSettings } from "./settings.js";

/** What the sessions of all requests share. */
export interface SessionParts {
  bridge: SessionBridge;
  cookie: SessionCookie;
  settings: SessionSettings;
  absoluteTimeout: number;
}

/** `req.sessionID`, which is made with the session. */
const SESSION_ID = sharedProperty(
  "sessionID",
  (req) => ownSession(req)?.useId(),
  (req, sid: string) => {
    const session = ownSession(req);
    session?.replaceId(sid);
    return session !== undefined;
  },
);
const SESSION_STORE = sharedProperty(
  "sessionStore",
  (req) => ownSession(req)?.parts.bridge,
  () => false,
);
const idAndStore = new SharedProperties(IncomingMessage.prototype, (shared) => {
  defineShared(shared, "sessionID", SESSION_ID);
  defineShared(shared, "sessionStore", SESSION_STORE);
});

/** A session of latchkey's own in one request: made when it is first used, saved and given its cookie when the response begins. */
export class SessionOfRequest extends SessionAccess {
  /** Is there nothing in the store for this request, and was no session asked for yet? */
  #isUnmade = false;
  /** What the store has for this request, as long as nobody asked for the session. */
  #found: KeptSession | undefined;
  #setsCookie = false;
  sid: string | undefined;

  constructor(
    req: Request,
    res: Response,
    readonly parts: SessionParts,
    private readonly opened: OpenedCookie | null,
  ) {
    super(req, res, undefined);
    this.sid = opened?.sid;
    if (parts.settings.unsetEnds) makeDeletable(req);
    idAndStore.addTo(req);
  }

  useId(): string | undefined {
    if (this.#isUnmade) this.#make();
    return this.sid;
  }

  /** An id that is none is not replaced by that of a session which is made later. */
  replaceId(sid: string | undefined): void {
    if (typeof sid !== "string") this.useId();
    this.sid = sid;
  }

  /** The store has no session for this request: a new one is made should anybody ask. */
  leaveUnmade(): void {
    this.#isUnmade = true;
  }

  /** The store has this session: it is made should anybody ask. */
  leaveFound(kept: KeptSession): void {
    this.#found = kept;
  }

  override get presentedId(): string | undefined {
    return this.opened?.sid;
  }

  override use(): Request["session"] | undefined {
    if (this.#isUnmade) this.#make();
    else if (this.#found) this.#open(this.#found);
    return super.use();
  }

  override readAuth(): SessionAuth | undefined | null {
    if (!this.#isUnmade && !this.#found) {
      const auth = super.readAuth();
      return auth && Session.authOf(this.session); // an object that replaced the session logs nobody in
    }
    this.used = true;
    return this.#found?.record?.data.auth as unknown as SessionAuth | undefined;
  }

  override replace(session: Request["session"] | undefined): void {
    this.#isUnmade = false;
    this.#found = undefined;
    super.replace(session);
  }

  override finish(isWhole: boolean): Promise<void> | undefined {
    noteDeletion(this.req);
    const { req, res, parts } = this;
    const { settings, bridge } = parts;
    const unopened = this.#found;
    if (unopened && !settings.rolling && !this.renewal && this.opened!.byFirst) {
      this.conclude();
      bridge.records.noteUse(unopened);
      return undefined;
    }
    if (unopened) this.#open(unopened);
    if (this.#isUnmade && settings.saveUninitialized) this.#make();
    const isUnset = this.session === undefined || this.session === null;
    this.conclude();
    const isUseless = this.used && !this.opened && settings.cookie.isDoubledIn(req);
    if (isUseless || (this.ended && !this.session && settings.cookie.isIn(req))) settings.cookie.clear(req, res);
    if (isUnset && settings.unsetEnds && !this.#isUnmade && !this.unavailable && typeof this.sid === "string") {
      return this.#endUnset(this.sid);
    }
    if (typeof this.sid !== "string") return undefined; // the application took the session its id
    const { session } = this;
    return session && Session.keptOf(session) ? this.#finishSession(session, isWhole) : undefined;
  }

  protected override withdrawCookies(): void {
    super.withdrawCookies();
    if (this.#setsCookie) this.parts.settings.cookie.withdraw(this.res);
  }

  async #endUnset(sid: string): Promise<void> {
    this.lost = true;
    await this.parts.bridge.end(sid);
    this.lost = false;
  }

  #finishSession(session: object, isWhole: boolean): Promise<void> | undefined {
    const { parts, req } = this;
    const { settings } = parts;
    const { records } = parts.bridge;
    const { kept, cookie, values } = Session.inside(session);
    const hasChanges = this.used && records.changesOf(kept, values).length > 0;
    const isModified = kept.written || hasChanges;
    const isNew = kept.sid !== this.opened?.sid;
    const saves = isModified || (kept.record === null && settings.saveUninitialized);
    if (kept.record === null && !settings.mayBegin(req, cookie, values.auth)) return undefined;
    if (saves && kept.record === null && !settings.cookie.isDeliverable(req, { secure: Boolean(cookie.secure) }))
      return undefined;
    cookie.maxAge = cookie.originalMaxAge;
    const renews = this.renewal?.set(values.auth) ?? false;
    const sends = this.#owesCookie(cookie, kept, isNew, isModified) && this.#sendCookie(kept, cookie, values.auth);
    const saving = saves ? records.save(kept, values, req) : undefined;
    // A save fails if the session has ended, and no other request can have ended a new session.
    if ((sends || renews) && !isNew && !hasChanges) {
      const isLive = () => records.isLive(kept);
      return saving ? saving.then(() => this.keepCookies(isLive(), isWhole)) : this.keepCookies(isLive(), isWhole);
    }
    if (!saves && !isNew) records.noteUse(kept);
    return saving;
  }

  #owesCookie(cookie: Cookie, kept: KeptSession, isNew: boolean, isModified: boolean): boolean {
    const { settings } = this.parts;
    if (isNew) return settings.saveUninitialized || isModified || kept.record !== null;
    if (settings.rolling || (cookie.expires !== null && isModified)) return true;
    // A cookie that an older secret signed is signed again once it has loaded a user, because then no shared cache keeps the response.
    const isOld = this.opened !== null && !this.opened.byFirst;
    return isOld && this.personal && !settings.cookie.isChangedBy(this.res);
  }

  /** Returns whether it set the cookie: not over plain HTTP, if the cookie is Secure. */
  #sendCookie({ sid }: KeptSession, { data }: Cookie, auth: SessionAuth | undefined): boolean {
    const { settings, cookie, absoluteTimeout } = this.parts;
    const { expires, secure, priority, partitioned, originalMaxAge: _, ...attributes } = data;
    if (secure && !settings.cookie.isSecure(this.req)) return false;
    // A cookie with an age outlives no login (ASVS 7.3.2); its session keeps the age, for a confirmation starts the login's time anew.
    const end = auth && Number.isFinite(auth.loginAt) ? auth.loginAt + absoluteTimeout : Number.POSITIVE_INFINITY;
    const until = expires && { expires: new Date(Math.min(expires.getTime(), end)) };
    this.#setsCookie = true;
    settings.cookie.send(this.req, this.res, cookie.seal(sid), {
      ...attributes,
      ...until,
      ...(priority && { priority }),
      ...(partitioned && { partitioned }),
      secure: secure === true,
    });
    return true;
  }

  #open(kept: KeptSession): void {
    this.#found = undefined;
    this.parts.bridge.put(this.req, kept);
  }

  #make(): void {
    this.#isUnmade = false;
    this.parts.bridge.generate(this.req);
  }
}

function ownSession(req: Request): SessionOfRequest | undefined {
  const access = accessOf(req);
  return access instanceof SessionOfRequest ? access : undefined;
}
