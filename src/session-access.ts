import { IncomingMessage } from "node:http";
import type { Request, Response } from "express";
import { keepPrivate } from "./caching.js";
import { SessionGoneError, type StoreUnavailableError } from "./errors.js";
import type { Renewal } from "./renewal.js";
import { openStateOf, type RequestState, stateOf } from "./request-state.js";
import { changeHead } from "./response-start.js";
import type { SessionAuth } from "./session-auth.js";
import { defineShared, SharedProperties, sharedProperty } from "./shared-properties.js";

/** `req.session` of every request whose session is watched. */
const SESSION = sharedProperty(
  "session",
  (req) => {
    const access = accessOf(req);
    return access ? access.use() : stateOf(req)?.session;
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
 * What the handling of one request does with its session, and what follows from it when the response begins: `Vary: Cookie` where it
 * was used, a private `Cache-Control` on a response that is personal or sets a cookie of latchkey's, and no session for one that
 * was replaced and left empty, as after a logout.
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
  /** Has the handler ended the response, or begun it? From then on nobody else uses the session. */
  finishing = false;
  /** A cookie to renew. */
  renewal: Renewal | undefined;
  /** Why there is no session, when the store could not be read; thrown at any use of it. */
  unavailable: StoreUnavailableError | undefined;

  constructor(
    protected readonly req: Request,
    protected readonly res: Response,
    protected session: Request["session"] | undefined,
  ) {
    openStateOf(req).access = this;
    if (Object.hasOwn(req, "session")) makeDeletable(req);
    sessionProperty.addTo(req);
  }

  /** The login that the session holds, for who reads it and changes nothing; undefined for none, null where there is no session. */
  readAuth(): SessionAuth | undefined | null {
    this.#noteUse();
    return this.session ? this.session.auth : null;
  }

  /** The id of the session that the browser's cookie names, where latchkey reads that cookie. */
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
   * The response is about to begin; it waits for the promise that this returns.
   *
   * @param isWhole may headers be set until that promise resolves? See `Start` in response-start.ts
   */
  abstract finish(isWhole: boolean): Promise<void> | undefined;

  /** The answer is given up for an error; takes back what `finish` has set. */
  fail(): void {
    this.withdrawCookies();
    stateOf(this.req)?.flashes?.fail();
  }

  /** Takes back the cookies that say that the session lives on. */
  protected withdrawCookies(): void {
    this.renewal?.takeBack();
  }

  /**
   * Lets the answer set cookies only for a session that has not ended meanwhile. An answer that is whole goes without them otherwise; one
   * whose head is made already is given up.
   */
  protected async keepCookies(isLive: Promise<boolean>, isWhole: boolean): Promise<void> {
    const lives = await isLive.catch(() => !isWhole); // a failure is told by storeFailed
    if (lives) return;
    if (!isWhole) throw new SessionGoneError();
    changeHead(this.res, () => this.withdrawCookies());
  }

  /** What follows from the use of any session. */
  protected conclude(): void {
    stateOf(this.req)?.flashes?.finish();
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
    if (this.personal || stateOf(this.req)?.setsCookie) keepPrivate(res);
  }
}

/** Has the request's answer renew a remember cookie. */
export function renewAtEnd(req: Request, renewal: Renewal): void {
  const access = stateOf(req)?.access;
  if (access) access.renewal = renewal;
}

/** The login that the session of a request holds, if any; null where the request has no session. */
export function readAuth(req: Request): SessionAuth | undefined | null {
  const access = accessOf(req);
  return access ? access.readAuth() : null;
}

/** Notes that the response depends on the request's cookies. */
export function markUsed(req: Request): void {
  const access = stateOf(req)?.access;
  if (access) access.used = true;
}

/** The id of the session that the browser's cookie names; undefined for an express-session of the application's own. */
export function presentedId(req: Request): string | undefined {
  return accessOf(req)?.presentedId;
}

/** Notes that the response is a person's own. */
export function markPersonal(req: Request): void {
  const access = stateOf(req)?.access;
  if (access) access.personal = access.used = true;
}

/**
 * Notes that the request's session is a new one, in the place of another.
 *
 * @param ended did this request end the other? If not, the one that did may have given the browser a new cookie already
 */
export function markReplaced(req: Request, ended: boolean): void {
  const access = stateOf(req)?.access;
  if (!access) return;
  access.replaced = true;
  access.ended ||= ended;
}

/** Notes that another request of the browser's gives it a session, which one of this request's would take the place of. */
export function markForestalled(req: Request): void {
  const access = stateOf(req)?.access;
  if (access) access.forestalled = true;
}

/** Is the use of this request's session watched already? */
export function isWatched(req: Request): boolean {
  return stateOf(req)?.access !== undefined;
}

/** What watches the session of a request, if anything does. */
export function accessOf(req: Request): SessionAccess | undefined {
  noteDeletion(req);
  return stateOf(req)?.access;
}

/** Gives a request a property `session` of its own, so that a `delete` of it is noted. */
export function makeDeletable(req: Request): RequestState {
  const state = openStateOf(req);
  state.ownsSession = true;
  Object.defineProperty(req, "session", SESSION);
  return state;
}

/** Takes the session from a request that the application has deleted it from. */
export function noteDeletion(req: Request): void {
  const state = stateOf(req);
  if (!state?.ownsSession || Object.hasOwn(req, "session")) return;
  state.ownsSession = false;
  state.session = undefined;
  state.access?.replace(undefined);
}

function isEmpty(session: object): boolean {
  return Object.keys(session).every((key) => key === "cookie");
}
