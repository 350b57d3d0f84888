import type { Request, Response } from "express";
import { SessionGoneError, type StoreUnavailableError } from "../errors.js";
import { changeHead } from "../http/before-response.js";
import { tellCaches } from "../http/caching.js";
import { noteDeletion, ownerOf, ownSessionOf } from "../http/session-property.js";
import type { ResolvedOptions } from "../options/resolved-options.js";
import type { SessionAuth } from "./auth.js";
import type { NextSession } from "./regenerate.js";

/** How to renew a remember cookie. */
export interface Renewing {
  loginId: string;
  /** Renews the cookie if the response may set it. Returns whether the cookie was renewed. */
  renew(): boolean;
  withdraw(): void;
}

/**
 * The session of one request, as the login layer uses it: a session of latchkey (OwnSession), or of the application's
 * own express-session (ForeignSession). It is `req.session`, unless it is the session of a second manager, which is
 * beside `req.session` and contains only the login.
 *
 * When the response begins, it sets `Vary: Cookie` if the session was used, and a private `Cache-Control` if the
 * response is personal or sets one of latchkey's cookies. If the request got a new session and left it empty, as after
 * a logout, the new session is not saved.
 */
export abstract class RequestSession {
  /** Does the response depend on the session? */
  used = false;
  /** Was the response made for one user, or did the request change who is logged in? */
  personal = false;
  /** Does a concurrent request set a session cookie that a new session of this request would replace? */
  restoredElsewhere = false;
  /** Set if the store could not be read; thrown whenever the session is used. */
  unavailable: StoreUnavailableError | undefined;
  /** The remember cookie that the response renews, unless another request has ended its login. */
  renewing: Renewing | undefined;
  /** Was the session replaced by a new one? */
  protected replaced = false;
  /** Did this request end the session that the browser's cookie names? */
  protected ended = false;
  /** True if the session could not be ended or saved, so it is unknown whether the browser still has a login. */
  isLoginUnknown = false;
  /** Has the response begun? Later uses of the session do not change `used`. */
  #finishing = false;
  #isRenewed = false;

  constructor(
    protected readonly req: Request,
    protected readonly res: Response,
    protected session: Request["session"] | undefined,
    isBeside = false,
  ) {
    if (!isBeside) ownSessionOf(req, this);
  }

  /** The session's id; undefined if there is no session. */
  abstract get id(): string | undefined;

  /** Is this a session that the manager with these options may use as `req.session`? */
  abstract belongsTo(manager: ResolvedOptions): boolean;

  /** The id of the session's record in the store; null if the session is not in that store. */
  abstract get recordId(): string | null;

  /** @throws UnsupportedByStoreError if the user's sessions cannot be listed */
  abstract assertListed(): void;

  /** Is the session new, and not in the store yet? Always false for the application's own express-session. */
  abstract get isUnsaved(): boolean;

  /** @throws InsecureConnectionError if the session's cookie cannot reach the browser */
  abstract assertDeliverable(): void;

  /** Can the session's cookie reach the browser? If not, emits a warning the first time. */
  abstract isDeliverable(): boolean;

  /**
   * Ends the session in the store, and gives the request a new, empty, unsaved session with a new id.
   *
   * @returns whether this call ended a session; with the application's own express-session, whether a session existed
   * before
   */
  abstract end(): Promise<boolean>;

  /** The same as `end`, but the old session stays in the store, and the browser keeps its cookie. */
  abstract setAside(): void;

  /**
   * Ends the session of the application's earlier express-session that the browser's old cookie names, if there is one.
   * Otherwise, it would be imported once the current session has ended, and log the browser in.
   */
  async endEarlier(): Promise<void> {}

  /**
   * Puts a login into a new, saved session of the request, and ends the old session. If this fails, the request keeps
   * its old session, or gets an empty one if the old session has ended.
   *
   * The new session is saved before the old one ends, so that a concurrent call that ends the user's logins always
   * finds one of the two. The browser gets the new id only with the response. The application's own express-session
   * ends the old session first.
   *
   * @throws SessionGoneError if another request ended this login, or the login that it continues; the request then has
   * an empty session
   */
  abstract regenerate(next: NextSession): Promise<void>;

  /** The login of the session; undefined if there is no login, null if there is no session. */
  readAuth(): SessionAuth | undefined | null {
    this.noteUse();
    return this.session ? this.session.auth : null;
  }

  /** Changes a login. Does nothing if the session no longer has this login. */
  changeAuth({ loginId }: SessionAuth, changes: Partial<SessionAuth>): void {
    const auth = this.readAuth();
    if (auth?.loginId === loginId) this.writeAuth({ ...auth, ...changes });
  }

  /** The application's values in the session, without the login. Includes the cookie if it has a lifetime. */
  values(): object {
    const session = this.use();
    if (!session) return {};
    const { auth: _, cookie, ...values } = session;
    return typeof cookie?.originalMaxAge === "number" ? { ...values, cookie } : values;
  }

  /** Removes the session's cookie from the browser, unless the response sets a new one. */
  takeCookie(): void {
    this.noteReplaced(true);
  }

  /** Records that the response is made for one user. */
  markPersonal(): void {
    this.personal = this.used = true;
  }

  /** Called when `req.session` is read. */
  use(): Request["session"] | undefined {
    this.noteUse();
    return this.session;
  }

  /** Called when `req.session` is assigned to. */
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

  /** Called if an error replaces the response. Removes the cookies that `finish` has set. */
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
   * Records that the request has a new session instead of its old one.
   *
   * @param ended did this request end the old session? If another request did, the browser may already have a new
   * cookie
   */
  protected noteReplaced(ended: boolean): void {
    this.replaced = true;
    this.ended ||= ended;
  }

  /** Renews the remember cookie if it belongs to this login. Returns whether the cookie was renewed. */
  protected renewFor(auth: SessionAuth | undefined): boolean {
    const { renewing } = this;
    this.#isRenewed = renewing !== undefined && auth?.loginId === renewing.loginId && renewing.renew();
    return this.#isRenewed;
  }

  /** Removes from the response the cookies that are valid only while the session exists. */
  protected withdrawCookies(): void {
    if (this.#isRenewed) this.renewing?.withdraw();
  }

  /**
   * Checks that the session still exists. If it has ended, removes the cookies from the response. If it is too late for
   * that, because the head of the response is already made, the response fails.
   */
  protected async keepCookies(isLive: Promise<boolean>, isWhole: boolean): Promise<void> {
    const lives = await isLive.catch(() => !isWhole); // the event storeFailed reports a failure
    if (lives) return;
    if (!isWhole) throw new SessionGoneError();
    changeHead(this.res, () => this.withdrawCookies());
  }

  /** Drops a session that must not be saved, and sets the headers for caches. */
  protected conclude(): void {
    this.#finishing = true;
    if (this.replaced && this.session && Object.keys(this.session).every((key) => key === "cookie"))
      this.session = undefined;
    if (this.restoredElsewhere && !this.replaced && !this.session?.auth) this.session = undefined;
    tellCaches(this.req, this.res, { varies: this.used, isPersonal: this.personal });
  }
}

/** The session of a request; undefined if the request passed no middleware of latchkey. */
export function sessionOf(req: Request): RequestSession | undefined {
  const owner = ownerOf(req);
  return owner instanceof RequestSession ? owner : undefined;
}
