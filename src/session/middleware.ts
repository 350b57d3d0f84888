import type { Request, RequestHandler, Response } from "express";
import { StoreUnavailableError } from "../errors.js";
import { startResponse } from "../http/before-response.js";
import { keepAddress } from "../http/client.js";
import { pathOf } from "../http/cookies/places.js";
import { forRequest } from "../trace.js";
import { ExpressStore } from "./express-store.js";
import { OwnSession } from "./own-session.js";
import { sessionOf } from "./request-session.js";
import type { SessionMiddleware } from "./session-middleware.js";

/**
 * Gives each request its session, `req.session`, which behaves like a session of express-session and is stored in a
 * SessionStore. While the store is unavailable, any use of `req.session` throws StoreUnavailableError.
 */
export function sessionHandler(sessions: SessionMiddleware): RequestHandler {
  const expressStore = new ExpressStore(sessions);
  return function latchkeySession(req, res, next) {
    keepAddress(req);
    if (sessionOf(req) || req.session) return next();
    forRequest(req, () => openSession(sessions, { req, res, expressStore }, (error) => next(error)));
  };
}

/** Whose session to open; without `expressStore`, beside `req.session`. */
interface Opening {
  req: Request;
  res: Response;
  expressStore: ExpressStore | undefined;
}

/**
 * Opens the session that the cookie of a request names, and passes it to `next`. Passes undefined if the cookie's path
 * does not cover the request.
 */
export function openSession(
  sessions: SessionMiddleware,
  { req, res, expressStore }: Opening,
  next: (error?: unknown, session?: OwnSession) => void,
): void {
  const { ids, cookie } = sessions;
  const { path } = cookie.attributesFor(req);
  if (path !== "/" && !pathOf(req).startsWith(path)) {
    next();
    return;
  }
  const opened = ids.read(req);
  const session = new OwnSession(req, res, sessions, opened, expressStore);
  startResponse(res, session, next);
  if (!opened) {
    session.setAbsent();
    next(undefined, session);
    return;
  }
  sessions.find(req, opened).then(
    (state) => {
      if (state) session.setFound(state);
      else session.setAbsent();
      next(undefined, session);
    },
    (error: unknown) => {
      if (error instanceof StoreUnavailableError) session.unavailable = error;
      next(error instanceof StoreUnavailableError ? undefined : error, session);
    },
  );
}
