import type { IncomingMessage } from "node:http";
import type { Request } from "express";
import { readCookie } from "./cookies.js";
import { MiddlewareMissingError } from "./errors.js";
import { admitter, judge, userByRequest } from "./judge.js";
import { loadUser } from "./load-user.js";
import { type Core, contextOf, isUnderManager } from "./request-context.js";
import type { SessionRoom } from "./session.js";
import { isAuthenticatedUser } from "./user.js";

/** What a manager knows of the applications that it serves. */
export interface Served {
  /** An Express application: what its requests have is on `app.request`. */
  app: { request?: object } | undefined;
  room: SessionRoom | undefined;
}

/** The logged-in user of a request that no application handles, or null. It changes no cookie. */
export async function authenticate(core: Core, served: Served, message: IncomingMessage): Promise<object | null> {
  if (isUnderManager(message as Request)) {
    const { user, authenticated } = await loadUser(contextOf(message as Request));
    return authenticated ? user : null;
  }
  const req = asRequest(message, served.app);
  const user =
    (await bySession(core, served, req)) ?? (await byRememberCookie(core, req)) ?? (await byRequest(core, req));
  return user || null;
}

/** Makes an Express request of it, as Express itself does: `req.ip` follows `trust proxy`. */
function asRequest(message: IncomingMessage, app: Served["app"]): Request {
  if ("app" in message) return message as Request;
  if (!app?.request)
    throw new MiddlewareMissingError("authenticate() needs the application: call login.init(app) first");
  Object.setPrototypeOf(message, app.request);
  return message as Request;
}

/** False is the answer for a login that may not pass. */
async function bySession(core: Core, { room }: Served, req: Request): Promise<object | false | undefined> {
  const sid = room?.cookie.open(readCookie(req, room.cookie.name) ?? "")?.sid;
  // An express-session of the application's own has to be run on the request before.
  if (!room && !req.session) throw new MiddlewareMissingError("req.session is missing: run your express-session first");
  const session = room ? sid !== undefined && (await room.bridge.find(sid)) : req.session;
  const auth = session ? session.auth : undefined;
  if (!auth || auth.pending) return undefined;
  const verdict = await judge(core, req, auth);
  if (typeof verdict !== "string") {
    if (session && sid !== undefined) room?.bridge.touch(sid, session);
    return verdict.authenticated && verdict.user;
  }
  if (sid !== undefined) await room?.bridge.end(sid);
  core.events.emit("loginEnded", { req, userId: auth.userId, reason: verdict });
  return verdict === "session protection" ? false : undefined;
}

async function byRememberCookie(core: Core, req: Request): Promise<object | undefined> {
  if (!core.userLoader || !core.remember.isIn(req)) return undefined;
  const restored = await core.remember.restore(req, admitter(core, req), true);
  return restored === null || restored === "inactive" ? undefined : restored.user;
}

async function byRequest(core: Core, req: Request): Promise<object | null> {
  const user = await userByRequest(core, req);
  return user && isAuthenticatedUser(user) ? user : null;
}
