import type { RequestHandler } from "express";
import { StoreUnavailableError } from "../errors.js";
import { startResponse } from "../http/before-response.js";
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
  const { ids, cookie } = sessions;
  const expressStore = new ExpressStore(sessions);
  return function latchkeySession(req, res, next) {
    if (sessionOf(req) || req.session) return next();
    forRequest(req, () => {
      const { path } = cookie.attributesFor(req);
      if (path !== "/" && !pathOf(req).startsWith(path)) return next();
      const opened = ids.read(req);
      const session = new OwnSession(req, res, sessions, opened, expressStore);
      startResponse(res, session, next);
      if (!opened) {
        session.setAbsent();
        return next();
      }
      sessions.find(req, opened).then(
        (state) => {
          if (state) session.setFound(state);
          else session.setAbsent();
          next();
        },
        (error: unknown) => {
          if (!(error instanceof StoreUnavailableError)) return next(error);
          session.unavailable = error;
          next();
        },
      );
    });
  };
}
