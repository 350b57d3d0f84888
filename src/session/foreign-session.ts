import type { Request, Response } from "express";
import { startResponse } from "../http/before-response.js";
import { isAuth, type SessionAuth } from "./auth.js";
import { noteDeletion, SessionAccess, watchedLater } from "./request-session.js";

/** A session of an express-session of the application's own. */
class ForeignAccess extends SessionAccess {
  /** May the session have been changed? */
  #isOpen = false;

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
    return this.renewal?.set(this.session?.auth) ? this.keepCookies(this.#isLive(), isWhole) : undefined;
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
      sessionStore.get(sessionID, (_error, found) => resolve(found?.auth?.loginId === this.renewal?.loginId));
    });
  }
}

/** Watches the session of an express-session of the application's own. */
export function watchSession(req: Request, res: Response, next: (error: unknown) => void): void {
  if (req.app) watchedLater.add(req.app);
  startResponse(res, new ForeignAccess(req, res, req.session), next);
}
