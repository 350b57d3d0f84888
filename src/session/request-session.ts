import type { Request, Response } from "express";
import { SessionGoneError, type StoreUnavailableError } from "../errors.js";
import { changeHead } from "../http/before-response.js";
import { hasNotedCookie, keepPrivate } from "../http/caching.js";
import { noteDeletion, ownerOf, ownSessionOf } from "../http/session-property.js";
import type { SessionAuth } from "./auth.js";

/** How a login comes into a new session. */
export interface NextSession {
  /** What the application keeps in the new session. */
  values: object;
  auth: SessionAuth;
  /** Does this login continue the one of the old session, which must be there still? */
  continues?: boolean;
  /** When the login began. @default now, or when the login began that it continues */
  createdAt?: number | undefined;
  /**
   * Called with the id of the new session's record before that is created, so that the record of the browser names it; with null for a
   * session of the application's own. Called again with another id when that one is taken, and with null when all were. A rejection
   * creates none.
   */
  name?: ((session: string | null) => Promise<void>) | undefined;
  /** Does the login give no access until it is admitted? */
  pending?: boolean;
  /** Has the last word, once the login is in the store; a rejection undoes it. */
  admit?: (() => Promise<void>) | undefined;
  /** Ends the login of the old session where that has gone: it may live on in another one. */
  missed?: (() => Promise<void>) | undefined;
}

/** How to renew a remember cookie. */
export interface Renewing {
  loginId: string;
  /** Renews the cookie if the answer may set it, and returns whether it did. */
  renew(): boolean;
  withdraw(): void;
}

/**
 * The session of one request, as the login layer uses it: one that latchkey keeps (OwnSession), or one of an express-session of the
 * application's own (ForeignSession).
 *
 * When the response begins it sets `Vary: Cookie` if the session was used, and a private `Cache-Control` if the response is personal or
 * sets one of latchkey's cookies. It drops a session that was replaced and left empty, as after a logout.
 */
export abstract class RequestSession {
  /** Did the response depend on the session? */
  used = false;
  /** Was the response made for a person, or did it change who is logged in? */
  personal = false;
  /** Does a concurrent request give the browser a session, which a session of this request would replace? */
  restoredElsewhere = false;
  /** Why there is no session, when the store could not be read; thrown at any use of it. */
  unavailable: StoreUnavailableError | undefined;
  /** The remember cookie that the answer renews, if the session still has the cookie's login: a logout by another request is final. */
  renewing: Renewing | undefined;
  /** Was the session replaced by a new one? */
  protected replaced = false;
  /** Was it this request that ended the session which the browser's cookie names? */
  protected ended = false;
  /** Was the session dropped from the request, although its login may live on in the store? */
  protected lost = false;
  /** Has the handler ended the response, or begun it? From then on nobody else uses the session. */
  #finishing = false;
  #isRenewed = false;

  constructor(
    protected readonly req: Request,
    protected readonly res: Response,
    protected session: Request["session"] | undefined,
  ) {
    ownSessionOf(req, this);
  }

  /** The id of the session's record in the store; null if the session is not kept there. */
  abstract get recordId(): string | null;

  /** @throws UnsupportedByStoreError if the session is not listed under its user */
  abstract assertListed(): void;

  /** Is the session new, and in no store yet? Not known of an express-session of the application's own. */
  abstract get isUnsaved(): boolean;

  /** @throws InsecureConnectionError when the session's cookie could never reach the browser */
  abstract assertDeliverable(): void;

  /** Can the session's cookie reach the browser? If not, warns the first time. */
  abstract isDeliverable(): boolean;

  /**
   * Ends the session in the store, and gives the request a new, empty, unsaved one with a new id.
   *
   * @returns whether there was one to end; with an express-session of the application's own, whether it was there just before
   */
  abstract end(): Promise<boolean>;

  /** Gives the request a new, empty session, and takes the cookie from the browser, because the old one could not be ended. */
  abstract abandon(): void;

  /**
   * Brings a login into a new, saved session of the request, and ends the old one. When it fails, the request has its old session, or
   * an empty one if that has ended.
   *
   * The new session is there before the old one ends, so that whoever ends the user's logins meanwhile finds the one or the other.
   * Until the answer nobody knows its id. An express-session of the application's own ends the old session first.
   *
   * @throws SessionGoneError when the login that this one continues, or this one, was ended meanwhile; the session is empty then
   */
  abstract regenerate(next: NextSession): Promise<void>;

  /** The login of the session; undefined if there is none, null if there is no session. */
  readAuth(): SessionAuth | undefined | null {
    this.noteUse();
    return this.session ? this.session.auth : null;
  }

  /** Changes a login, unless the application has ended its session since. */
  changeAuth({ loginId }: SessionAuth, changes: Partial<SessionAuth>): void {
    const auth = this.readAuth();
    if (auth?.loginId === loginId) this.writeAuth({ ...auth, ...changes });
  }

  /** Is it unknown whether the browser still has a login, because the end of its session, or of the request, failed? */
  get isLoginUnknown(): boolean {
    return this.lost;
  }

  /** What the application put into the session, with the lifetime that it gave the cookie, but not who is logged in. */
  values(): object {
    const session = this.use();
    if (!session) return {};
    const { auth: _, cookie, ...values } = session;
    return typeof cookie?.originalMaxAge === "number" ? { ...values, cookie } : values;
  }

  /** Takes the session's cookie from the browser, unless the answer sets another. */
  takeCookie(): void {
    this.noteReplaced(true);
  }

  /** Notes that the response is a person's own. */
  markPersonal(): void {
    this.personal = this.used = true;
  }

  /** Behind `req.session`. */
  use(): Request["session"] | undefined {
    this.noteUse();
    return this.session;
  }

  /** Behind an assignment to `req.session`. */
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

  protected abstract writeAuth(auth: SessionAuth): void;

  protected noteUse(): void {
    noteDeletion(this.req);
    if (!this.#finishing) this.used = true;
    if (this.unavailable) throw this.unavailable;
  }

  /**
   * Notes that the request's session is a new one, in the place of another.
   *
   * @param ended did this request end the other? If not, the one that did may have given the browser a new cookie already
   */
  protected noteReplaced(ended: boolean): void {
    this.replaced = true;
    this.ended ||= ended;
  }

  /** Renews the remember cookie for a login of the session, and returns whether it did. */
  protected renewFor(auth: SessionAuth | undefined): boolean {
    const { renewing } = this;
    this.#isRenewed = renewing !== undefined && auth?.loginId === renewing.loginId && renewing.renew();
    return this.#isRenewed;
  }

  /** Removes the cookies of a live session from the response. */
  protected withdrawCookies(): void {
    if (this.#isRenewed) this.renewing?.withdraw();
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
    this.#finishing = true;
    if (this.replaced && this.session && isEmpty(this.session)) this.session = undefined;
    if (this.restoredElsewhere && !this.replaced && !this.session?.auth) this.session = undefined;
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

/** The session of a request, if it passed a middleware of latchkey's. */
export function sessionOf(req: Request): RequestSession | undefined {
  const owner = ownerOf(req);
  return owner instanceof RequestSession ? owner : undefined;
}

function isEmpty(session: object): boolean {
  return Object.keys(session).every((key) => key === "cookie");
}
