import { IncomingMessage } from "node:http";
import type { Request, Response } from "express";
import { SessionGoneError, type StoreUnavailableError } from "../errors.js";
import { changeHead } from "../http/before-response.js";
import { hasNotedCookie, keepPrivate } from "../http/caching.js";
import { RequestSlot } from "../http/request-slot.js";
import { defineShared, SharedProperties, sharedProperty } from "../http/shared-properties.js";
import type { SessionAuth } from "./auth.js";
import { Renewal, type Renewing } from "./renewal.js";

/** What is known of a request's session. */
interface KnownSession {
  access: SessionAccess | undefined;
  /** The session of an express-session, until it is watched. */
  session: Request["session"] | undefined;
  /** Has the request a property `session` of its own, which the application can delete? */
  isOwn: boolean;
}

const slot = new RequestSlot<KnownSession>();

/** `req.session` of every request whose session is watched. */
const SESSION = sharedProperty(
  "session",
  (req) => {
    const access = accessOf(req);
    return access ? access.use() : slot.get(req)?.session;
  },
  (req, session: Request["session"] | undefined) => {
    const access = accessOf(req);
    if (access) access.replace(session);
    else if (watchedLater.has(req.app)) makeDeletable(req).session = session;
    else return false;
    return true;
  },
);
/**
 * Applications whose express-session sets `req.session` before it is watched. As a plain property it would have to be made another kind
 * of property then, and V8 has no fast request any more.
 */
export const watchedLater: WeakSet<object> = new WeakSet();
const sessionProperty = new SharedProperties(IncomingMessage.prototype, (shared) =>
  defineShared(shared, "session", SESSION),
);

/**
 * Watches how one request uses its session, and acts on it when the response begins: sets `Vary: Cookie` if the session was used, and a
 * private `Cache-Control` if the response is personal or sets one of latchkey's cookies; drops a session that was replaced and left
 * empty, as after a logout.
 */
export abstract class SessionAccess {
  /** Did the response depend on the session? */
  used = false;
  /** Was the response made for a person, or did it change who is logged in? */
  personal = false;
  /** Was the session replaced by a new one? */
  replaced = false;
  /** Was it this request that ended the session which the browser's cookie names? */
  ended = false;
  /** Does another request of the browser's, sent at the same time, give it a session? */
  forestalled = false;
  /** Was the session dropped from the request, although its login may live on in the store? */
  lost = false;
  /** Has the handler ended the response, or begun it? From then on nobody else uses the session. */
  finishing = false;
  /** The remember cookie that the answer renews, if any. */
  renewal: Renewal | undefined;
  /** Why there is no session, when the store could not be read; thrown at any use of it. */
  unavailable: StoreUnavailableError | undefined;

  constructor(
    protected readonly req: Request,
    protected readonly res: Response,
    protected session: Request["session"] | undefined,
  ) {
    openSlot(req).access = this;
    if (Object.hasOwn(req, "session")) makeDeletable(req);
    sessionProperty.addTo(req);
  }

  /** The login of the session, for a caller that only reads it; undefined if there is none, null if there is no session. */
  readAuth(): SessionAuth | undefined | null {
    this.#noteUse();
    return this.session ? this.session.auth : null;
  }

  /** The session id in the browser's cookie, if latchkey reads that cookie. */
  get presentedId(): string | undefined {
    return undefined;
  }

  use(): Request["session"] | undefined {
    this.#noteUse();
    return this.session;
  }

  #noteUse(): void {
    if (!this.finishing) this.used = true;
    if (this.unavailable) throw this.unavailable;
  }

  replace(session: Request["session"] | undefined): void {
    this.session = session;
    this.unavailable = undefined;
  }

  /**
   * Called when the response is about to begin. The response waits for the returned promise.
   *
   * @param isWhole may headers be set until the promise resolves? See `Start` in response-start.ts
   */
  abstract finish(isWhole: boolean): Promise<void> | undefined;

  /** Called when an error replaces the answer. Takes back what `finish` has set. */
  fail(): void {
    this.withdrawCookies();
  }

  /** Removes the cookies of a live session from the response. */
  protected withdrawCookies(): void {
    this.renewal?.takeBack();
  }

  /**
   * Lets the answer set cookies only if the session has not ended meanwhile. Otherwise a whole answer is sent without them, and an answer
   * whose head is made already is given up.
   */
  protected async keepCookies(isLive: Promise<boolean>, isWhole: boolean): Promise<void> {
    const lives = await isLive.catch(() => !isWhole); // the event storeFailed reports a failure
    if (lives) return;
    if (!isWhole) throw new SessionGoneError();
    changeHead(this.res, () => this.withdrawCookies());
  }

  /** What follows from the use of any session. */
  protected conclude(): void {
    this.finishing = true;
    if (this.replaced && this.session && isEmpty(this.session)) this.session = undefined;
    if (this.forestalled && !this.replaced && !this.session?.auth) this.session = undefined;
    this.#tellCaches();
  }

  #tellCaches(): void {
    const { res } = this;
    if (res.headersSent) return;
    if (this.used) {
      if (res.hasHeader("Vary")) res.vary("Cookie");
      else res.setHeader("Vary", "Cookie");
    }
    if (this.personal || hasNotedCookie(this.req)) keepPrivate(res);
  }
}

/** Makes the request's answer renew a remember cookie. */
export function renewAtEnd(req: Request, renewing: Renewing): void {
  const access = slot.get(req)?.access;
  if (access) access.renewal = new Renewal(renewing);
}

/** The login in the session of a request, if any; null if the request has no session. */
export function readAuth(req: Request): SessionAuth | undefined | null {
  const access = accessOf(req);
  return access ? access.readAuth() : null;
}

/** Is it unknown whether the browser still has a login, because the end of its session, or of the request, failed? */
export function isLoginUnknown(req: Request): boolean {
  return slot.get(req)?.access?.lost === true;
}

/** The session id in the browser's cookie; undefined for an express-session of the application's own. */
export function presentedId(req: Request): string | undefined {
  return accessOf(req)?.presentedId;
}

/** Notes that the response is a person's own. */
export function markPersonal(req: Request): void {
  const access = slot.get(req)?.access;
  if (access) access.personal = access.used = true;
}

/**
 * Notes that the request's session is a new one, in the place of another.
 *
 * @param ended did this request end the other? If not, the one that did may have given the browser a new cookie already
 */
export function markReplaced(req: Request, ended: boolean): void {
  const access = slot.get(req)?.access;
  if (!access) return;
  access.replaced = true;
  access.ended ||= ended;
}

/** Notes that a concurrent request gives the browser a session, which a session of this request would replace. */
export function markForestalled(req: Request): void {
  const access = slot.get(req)?.access;
  if (access) access.forestalled = true;
}

/** Is the use of this request's session watched already? */
export function isWatched(req: Request): boolean {
  return slot.get(req)?.access !== undefined;
}

/** What watches the session of a request, if anything does. */
export function accessOf(req: Request): SessionAccess | undefined {
  noteDeletion(req);
  return slot.get(req)?.access;
}

/** Gives a request a property `session` of its own, so that a `delete` of it is noted. */
export function makeDeletable(req: Request): KnownSession {
  const known = openSlot(req);
  known.isOwn = true;
  Object.defineProperty(req, "session", SESSION);
  return known;
}

/** Takes the session from a request that the application has deleted it from. */
export function noteDeletion(req: Request): void {
  const known = slot.get(req);
  if (!known?.isOwn || Object.hasOwn(req, "session")) return;
  known.isOwn = false;
  known.session = undefined;
  known.access?.replace(undefined);
}

function openSlot(req: Request): KnownSession {
  const known = slot.get(req);
  if (known) return known;
  const opened: KnownSession = { access: undefined, session: undefined, isOwn: false };
  slot.set(req, opened);
  return opened;
}

function isEmpty(session: object): boolean {
  return Object.keys(session).every((key) => key === "cookie");
}
