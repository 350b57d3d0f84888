import type { Request, Response } from "express";
import type { SessionData } from "express-session";
import { SessionGoneError, StoreUnavailableError, UnsupportedByStoreError } from "../errors.js";
import { startResponse } from "../http/before-response.js";
import { noteDeletion, ownedLater } from "../http/session-property.js";
import { isAuth, type SessionAuth } from "./auth.js";
import type { NextSession } from "./regenerate.js";
import { RequestSession } from "./request-session.js";
import { putValues } from "./session.js";

/**
 * A session of the application's own express-session. latchkey does not know the store of such a session, or which
 * request ended it.
 */
class ForeignSession extends RequestSession {
  /** Has the application read `req.session`? If so, it may have changed the session. */
  #isOpen = false;
  /** The id of the session that was set aside. */
  #aside: string | undefined;

  constructor(
    req: Request,
    res: Response,
    private readonly realm: string,
  ) {
    super(req, res, req.session);
  }

  get id(): string | undefined {
    return this.req.sessionID;
  }

  get recordId(): null {
    return null;
  }

  assertListed(): void {
    throw foreignSessions();
  }

  get isUnsaved(): boolean {
    return false;
  }

  /** Does nothing, because the application's express-session may trust a proxy that Express does not trust. */
  assertDeliverable(): void {}

  isDeliverable(): boolean {
    return true;
  }

  async end(): Promise<boolean> {
    const existed = await endForeignSession(this.req, this.#aside);
    this.noteReplaced(existed);
    return existed;
  }

  setAside(): void {
    const { req } = this;
    this.#aside = req.sessionID;
    req.sessionStore.generate(req);
    this.noteReplaced(false);
  }

  /** Ends the old session first, because express-session cannot end it later. */
  async regenerate({ values, auth, continues, name, admit }: NextSession): Promise<void> {
    const { req } = this;
    await name?.(null);
    const existed = await this.end();
    if (continues && !existed) throw new SessionGoneError();
    putValues(req.session, values);
    this.writeAuth(auth);
    try {
      await calledBack((done) => req.session.save(done));
      await admit?.();
    } catch (error) {
      req.sessionStore.generate(req); // otherwise express-session could still save the login when the response ends
      throw error;
    }
  }

  override use(): Request["session"] | undefined {
    this.#isOpen = true;
    return super.use();
  }

  belongsTo(): boolean {
    return true;
  }

  /** A value that is not a login of this realm is treated as absent, and no loader is called. */
  override readAuth(): SessionAuth | undefined | null {
    const auth: unknown = super.readAuth();
    return auth === null || isAuthIn(this.realm, auth) ? auth : undefined;
  }

  /** Returns no values if the session has a login of another realm, because they belong to that user. */
  override values(): object {
    const auth: unknown = this.use()?.auth;
    return isAuth(auth) && !isAuthIn(this.realm, auth) ? {} : super.values();
  }

  override finish(isWhole: boolean): Promise<void> | undefined {
    noteDeletion(this.req);
    this.conclude();
    if (this.#isOpen) this.#assertJson();
    return this.renewFor(this.session?.auth) ? this.keepCookies(this.#isLive(), isWhole) : undefined;
  }

  protected override writeAuth(auth: SessionAuth): void {
    this.req.session.auth = this.realm === "" ? auth : { ...auth, realm: this.realm };
  }

  /**
   * Checks that the session can be stored as JSON. express-session would fail later, when an error can no longer
   * replace the response.
   */
  #assertJson(): void {
    try {
      JSON.stringify(this.session);
    } catch (error) {
      this.session = undefined;
      this.isLoginUnknown = true;
      throw error;
    }
  }

  #isLive(): Promise<boolean> {
    const { sessionStore, sessionID } = this.req;
    return new Promise((resolve) => {
      sessionStore.get(sessionID, (_error, found) => resolve(found?.auth?.loginId === this.renewing?.loginId));
    });
  }
}

/** Returns the session of a request that did not pass latchkey's session middleware. */
export function watchSession(
  req: Request,
  res: Response,
  realm: string,
  next: (error: unknown) => void,
): RequestSession {
  if (req.app) ownedLater.add(req.app);
  const session = new ForeignSession(req, res, realm);
  startResponse(res, session, next);
  return session;
}

/**
 * Is this a login of this realm? The application may have written any value. Several managers may use one
 * express-session, each on routes of its own.
 */
export function isAuthIn(realm: string, auth: unknown): auth is SessionAuth {
  return isAuth(auth) && (auth.realm ?? "") === realm;
}

/** The error for the application's own express-session, which cannot list a user's sessions. */
export function foreignSessions(): UnsupportedByStoreError {
  return new UnsupportedByStoreError("listByUser", "the application's own express-session keeps the sessions");
}

/**
 * Ends the session of a request, and gives the request a new, empty session. Resolves with true if the old session
 * existed just before. If the store fails, the request and the browser keep their session. `sessionStore.regenerate`
 * would replace the session even then.
 *
 * @param id the id of the session to end, if it was set aside
 */
export async function endForeignSession(req: Request, id: string = req.sessionID): Promise<boolean> {
  const existed = Boolean(await foreignSession(req, id));
  await calledBack((done) => req.sessionStore.destroy(id, done));
  req.sessionStore.generate(req);
  return existed;
}

/**
 * Reads the request's session from the store of the application's own express-session; null if that store does not have
 * the session.
 */
export async function foreignSession(req: Request, id: string = req.sessionID): Promise<SessionData | null> {
  const session = await calledBack((done) =>
    req.sessionStore.get(id, (error, found) => {
      // File stores report a missing session with this error. express-session handles it in the same way.
      if (error?.code === "ENOENT") done();
      else done(error, found);
    }),
  );
  return (session as SessionData | undefined) ?? null;
}

/**
 * Turns a callback of the application's store into a promise. Rejects with StoreUnavailableError if the store fails.
 */
function calledBack(call: (done: (error?: unknown, value?: unknown) => void) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(new StoreUnavailableError("the session store failed", { cause: error }));
      else resolve(value);
    });
  });
}
