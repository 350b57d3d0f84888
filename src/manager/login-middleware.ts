import type { RequestHandler } from "express";
import type { Core } from "../core.js";
import { showCurrentUser } from "../current/current-user.js";
import { conflictIn, sessionOfAnother } from "../current/manager-conflicts.js";
import { contextIn, knownContext, RequestContext } from "../current/request-context.js";
import { enterContext, isUnderAnotherCopy } from "../current/running-context.js";
import { secondCopy } from "../current/second-copy.js";
import { keepAddress } from "../http/client.js";
import { expressRequired } from "../http/express-only.js";
import { RememberStateless } from "../remember/stateless.js";
import { watchSession } from "../session/foreign-session.js";
import { openSession } from "../session/middleware.js";
import { type RequestSession, sessionOf } from "../session/request-session.js";
import type { SessionMiddleware } from "../session/session-middleware.js";

type Next = (error?: unknown) => void;

/**
 * Returns the middleware that connects each request to a manager.
 *
 * @param sessions returns the manager's sessions. It is called if another manager handles the request too, because
 * `req.session` then belongs to that manager
 */
export function loginMiddleware(core: Core, sessions: () => SessionMiddleware): RequestHandler {
  return (req, res, next) => {
    if (typeof req.app !== "function") return next(expressRequired());
    const first = contextIn(req);
    if (first) return enterSecond(core, sessions, first, next);
    if (isUnderAnotherCopy(req)) return next(secondCopy("this request, or its session,"));
    let session = sessionOf(req);
    if (session?.belongsTo(core.options) === false) return next(sessionOfAnother());
    showCurrentUser(req, res);
    if (!session) {
      keepAddress(req);
      if (req.session) core.hasForeignSessions = true;
      session = watchSession(req, res, core.options.realm, next);
    }
    enter(new RequestContext(core, req, res, session), next);
  };
}

/** Connects a request to another manager after the first. The session of that manager is separate from `req.session`. */
function enterSecond(core: Core, sessions: () => SessionMiddleware, first: RequestContext, next: Next): void {
  const { req, res } = first;
  const isKnown = knownContext(req, core) !== undefined;
  const conflict = isKnown ? null : conflictIn(req, core);
  if (isKnown || conflict) next(conflict ?? undefined);
  else {
    openSession(sessions(), { req, res, expressStore: undefined }, (error, session?: RequestSession) => {
      if (error || !session) next(error);
      else enter(new RequestContext(core, req, res, session, first), next);
    });
  }
}

function enter(context: RequestContext, next: Next): void {
  const { core, req, res, session } = context;
  const { remember } = core;
  if (core.options.refreshEachRequest && remember instanceof RememberStateless) {
    session.renewing = remember.renewalOf(req, res) ?? undefined;
  }
  if (core.devices) core.devices.handle(context, next, enterContext);
  else enterContext(context, next);
}
