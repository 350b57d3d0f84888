import type { Request, Response } from "express";
import type { SessionData } from "express-session";
import { SessionGoneError, StoreUnavailableError, UnsupportedByStoreError } from "../errors.js";
import { startResponse } from "../http/before-response.js";
import { noteDeletion, ownedLater } from "../http/session-property.js";
import { isAuth, type SessionAuth } from "./auth.js";
import { type NextSession, RequestSession } from "./request-session.js";
import { putValues } from "./session.js";

/** A session of an express-session of the application's own. latchkey does not know its store, and cannot tell who ended it. */
class ForeignSession extends RequestSession {
  /** May the session have been changed? */
  #isOpen = false;

  get recordId(): null {
    return null;
  }

  assertListed(): void {
    throw foreignSessions();
  }

  get isUnsaved(): boolean {
    return false;
  }

  /** Does nothing: the application's express-session may trust a proxy that Express does not. */
  assertDeliverable(): void {}

  isDeliverable(): boolean {
    return true;
  }

  async end(): Promise<boolean> {
    const existed = await endForeignSession(this.req);
    this.noteReplaced(existed);
    return existed;
  }

  /** Does nothing: the express-session goes on with its session. */
  abandon(): void {}

  /** Ends the old session first: express-session cannot do it later. */
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
      req.sessionStore.generate(req); // or the save at the end of the response could still bring the login about
      throw error;
    }
  }

  override use(): Request["session"] | undefined {
    this.#isOpen = true;
    return super.use();
  }

  /** The application may have written anything there. A value that is not a login counts as absent, and no loader is called. */
  override readAuth(): SessionAuth | undefined | null {
    const auth: unknown = super.readAuth();
    return auth === null || isAuth(auth) ? auth : undefined;
  }

  override finish(isWhole: boolean): Promise<void> | undefined {
    noteDeletion(this.req);
    this.conclude();
    if (this.#isOpen) this.#assertJson();
    return this.renewFor(this.session?.auth) ? this.keepCookies(this.#isLive(), isWhole) : undefined;
  }

  protected override writeAuth(auth: SessionAuth): void {
    this.req.session.auth = auth;
  }

  /** express-session would fail later, when the answer cannot be replaced any more. */
  #assertJson(): void {
    try {
      JSON.stringify(this.session);
    } catch (error) {
      this.session = undefined;
      this.lost = true;
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

/** The session of a request that an express-session of the application's own may have handled. */
export function watchSession(req: Request, res: Response, next: (error: unknown) => void): RequestSession {
  if (req.app) ownedLater.add(req.app);
  const session = new ForeignSession(req, res, req.session);
  startResponse(res, session, next);
  return session;
}

/** The error for an express-session of the application's own, which cannot tell the sessions of a user. */
export function foreignSessions(): UnsupportedByStoreError {
  return new UnsupportedByStoreError("listByUser", "an express-session of the application's own keeps the sessions");
}

/** Ends the session of a request, and tells whether it was there just before. The request gets a new, empty one. */
export async function endForeignSession(req: Request): Promise<boolean> {
  const existed = Boolean(await foreignSession(req));
  await calledBack((done) => req.sessionStore.regenerate(req, done));
  return existed;
}

/** What the store of an express-session of the application's own has of the request's session now. */
export async function foreignSession(req: Request): Promise<SessionData | null> {
  const session = await calledBack((done) =>
    req.sessionStore.get(req.sessionID, (error, found) => {
      // For express-session too this is how a store of files says that there is none.
      if (error?.code === "ENOENT") done();
      else done(error, found);
    }),
  );
  return (session as SessionData | undefined) ?? null;
}

/** A callback of the application's store as a promise; its failure becomes StoreUnavailableError. */
function calledBack(call: (done: (error?: unknown, value?: unknown) => void) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(new StoreUnavailableError("the session store failed", { cause: error }));
      else resolve(value);
    });
  });
}
