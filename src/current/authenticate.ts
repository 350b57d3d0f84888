import type { IncomingMessage } from "node:http";
import type { Request } from "express";
import { hasRoom } from "../active-sessions/limit.js";
import type { Core } from "../core.js";
import { MiddlewareMissingError } from "../errors.js";
import { isUpgrade } from "../http/upgrade.js";
import { isAuth, type SessionAuth } from "../session/auth.js";
import { endForeignSession, foreignSession } from "../session/foreign-session.js";
import type { SessionMiddleware } from "../session/session-middleware.js";
import { isAuthenticatedUser } from "../user.js";
import { userByRequest } from "./loaded-user.js";
import { isUnderManager, knownContext, secondManager } from "./request-context.js";
import { loadUser } from "./resolve-user.js";
import { assertOutsideLoader, isUnderAnotherCopy } from "./running-context.js";
import { secondCopy } from "./second-copy.js";
import { admitter, verify } from "./verify.js";

/** The application that a manager serves, and its sessions, as far as they are known. */
export interface Served {
  /** An Express application. `app.request` is the prototype of its requests. */
  app: { request?: object } | undefined;
  sessions: SessionMiddleware | undefined;
}

/** The login in the session of a message, as the store has it now. */
interface Found {
  auth: SessionAuth;
  touch(): void;
  end(): Promise<unknown>;
}

/**
 * Resolves with the logged-in user of a request that no application handles, or null. It sets no cookie.
 *
 * For a request that an application handles, it resolves with the loaded user until the response has begun. After that,
 * and on an upgrade, each call asks the store.
 */
export async function authenticate(core: Core, served: Served, message: IncomingMessage): Promise<object | null> {
  const context = knownContext(message as Request, core);
  if (context && !context.res.headersSent && !isUpgrade(context.req)) {
    const { user, authenticated } = await loadUser(context);
    return authenticated ? user : null;
  }
  if (!context && isUnderManager(message as Request)) throw secondManager();
  if (!context && isUnderAnotherCopy(message as Request)) throw secondCopy("this request");
  const req = asRequest(message, served.app);
  assertOutsideLoader({ req });
  const user =
    (await bySession(core, served.sessions, req)) ??
    (await byRememberCookie(core, req)) ??
    (await byRequest(core, req));
  return user || null;
}

/** Turns a message into an Express request, as Express itself does, so that `req.ip` follows `trust proxy`. */
function asRequest(message: IncomingMessage, app: Served["app"]): Request {
  if ("app" in message) return message as Request;
  if (!app?.request) {
    throw new MiddlewareMissingError(
      'authenticate() needs the application, because its "trust proxy" setting decides the client address: ' +
        "call login.init(app) first, or pass the application: login.authenticate(req, app)",
    );
  }
  const req = Object.setPrototypeOf(message, app.request) as Request;
  req.originalUrl ??= req.url;
  if (!req.query) req.query = queryOf(req); // Express 4 parses it in its own middleware
  return req;
}

function queryOf({ app, url }: Request): Request["query"] {
  const parse = app.get("query parser fn") as (query: string) => Request["query"];
  return parse(/\?(.*)/s.exec(url)?.[1] ?? "");
}

/**
 * Returns the user of the session's login; false if the request must not be logged in at all, undefined if another way
 * may log it in. The changes that `verify` makes to a login are not saved here, because that could undo what a
 * concurrent request saves. The next request over HTTP saves them.
 */
async function bySession(core: Core, sessions: Served["sessions"], req: Request): Promise<object | false | undefined> {
  const found = sessions ? await inStore(sessions, req) : await inForeignSession(req);
  if (!found || found.auth.pending) return undefined;
  const { userId, series } = found.auth;
  const verdict = await verify(core, req, found.auth, () => {});
  if (typeof verdict !== "string") {
    found.touch();
    core.remember.vouchFor(req);
    return verdict.authenticated && verdict.user;
  }
  const isAttack = verdict === "session protection";
  if (isAttack) await core.remember.end(series);
  await found.end();
  core.events.emit("loginEnded", { req, userId, reason: verdict });
  return isAttack ? false : undefined;
}

async function inStore({ records, ids }: SessionMiddleware, req: Request): Promise<Found | undefined> {
  // A request that an application handles may have moved to another session.
  const sid = isUnderManager(req) ? req.sessionID : ids.read(req)?.sid;
  const kept = sid === undefined ? null : await records.find(sid);
  const auth = kept?.record?.data.auth as unknown as SessionAuth | undefined;
  if (!kept || !auth) return undefined;
  return { auth, touch: () => records.noteUse(kept), end: () => records.end(kept.sid) };
}

/** The application has run its own express-session on the message, once. Each call here asks the store again. */
async function inForeignSession(req: Request): Promise<Found | undefined> {
  if (req.sessionID === undefined) {
    throw new MiddlewareMissingError("req.session is missing: run your express-session on the request first");
  }
  const auth = (await foreignSession(req))?.auth;
  return isAuth(auth) ? { auth, touch() {}, end: () => endForeignSession(req) } : undefined;
}

async function byRememberCookie(core: Core, req: Request): Promise<object | undefined> {
  if (!core.userLoader || !core.remember.isIn(req)) return undefined;
  const restored = await core.remember.restore(req, admitter(core, req), () => true);
  if (restored === null || restored === "inactive") return undefined;
  return (await hasRoom(core, restored)) ? restored.user : undefined;
}

async function byRequest(core: Core, req: Request): Promise<object | undefined> {
  const user = await userByRequest(core, req);
  return user && isAuthenticatedUser(user) ? user : undefined;
}
