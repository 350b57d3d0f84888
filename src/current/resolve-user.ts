import type { Request } from "express";
import { hasRoom, underLimit } from "../active-sessions/limit.js";
import { newAuth } from "../active-sessions/new-login.js";
import { endSessions } from "../active-sessions/store-logins.js";
import { storageId } from "../crypto/storage-id.js";
import { MiddlewareMissingError, SessionGoneError, SessionLimitError } from "../errors.js";
import type { EndReason } from "../events.js";
import { hasBegun } from "../http/before-response.js";
import type { SessionAuth } from "../session/auth.js";
import { endSession, isSessionDeliverable, isUnsaved, moveSession } from "../session/move.js";
import { markForestalled, markPersonal, readAuth } from "../session/request-session.js";
import { putAuth } from "../session/session.js";
import { traced } from "../trace.js";
import { isAuthenticatedUser } from "../user.js";
import { userByRequest } from "./loaded-user.js";
import type { LoadedUser, RequestContext } from "./request-context.js";
import { assertOutsideLoader } from "./running-context.js";
import { admitter, judge } from "./verify.js";

/**
 * The user of a request, loaded when first asked for: by the session, else by the remember cookie, else by the request
 * loader, else the anonymous user.
 */
export function loadUser(context: RequestContext): Promise<LoadedUser> {
  assertOutsideLoader(context);
  return context.loading ?? begin(context);
}

/** Notes that the user is being loaded, then begins to load: listeners that are called meanwhile may ask for the user too. */
function begin(context: RequestContext): Promise<LoadedUser> {
  let resolve!: (loading: Promise<LoadedUser>) => void;
  context.loading = new Promise((resolved) => {
    resolve = resolved;
  });
  const { loading, req } = context;
  resolve(traced("load", { req }, () => load(context)));
  return loading;
}

/** Waits for a load under way, which would otherwise end after what comes next, and undo it. */
export async function loadingOver(context: RequestContext): Promise<void> {
  assertOutsideLoader(context);
  await context.loading?.catch(() => {});
}

/** The login that the session holds, if any. */
export function authOf({ req }: { req: Request }): SessionAuth | undefined {
  const auth = readAuth(req);
  if (auth !== null) return auth;
  if (req.sessionID !== undefined) return undefined; // the application destroyed it
  throw new MiddlewareMissingError(
    "req.session is missing: mount login.session() or express-session before login.middleware(). " +
      "If it is mounted, its store is disconnected, or the request is outside of its cookie's path",
  );
}

/** The login of a request whose user was loaded: that of the session, or one for this request alone. */
export function loginOf(context: RequestContext): SessionAuth | undefined {
  return authOf(context) ?? context.loaded?.once;
}

/** What the application put into the session, with the lifetime that it gave the cookie, but not who is logged in. */
export function sessionData({ req }: RequestContext): object {
  if (!req.session) return {};
  const { auth: _, cookie, ...data } = req.session;
  return typeof cookie?.originalMaxAge === "number" ? { ...data, cookie } : data;
}

/** The anonymous user of a request. */
export function anonymous({ core }: RequestContext): LoadedUser {
  const make = core.options.anonymousUser as (new () => object) & (() => object);
  const isClass = Object.getOwnPropertyDescriptor(make, "prototype")?.writable === false;
  return { user: isClass ? new make() : make(), authenticated: false };
}

async function load(context: RequestContext): Promise<LoadedUser> {
  const { core, req } = context;
  core.events.emit("userAccessed", { req });
  const auth = authOf(context);
  const verdict = auth && !auth.pending && (await judge(core, req, auth, (changes) => change(req, auth, changes)));
  const ofSession = typeof verdict === "string" ? await ended(context, auth!, verdict) : verdict;
  const found = ofSession || (await fromRememberCookie(context)) || (await fromRequest(context));
  if (found) markPersonal(req);
  return context.settle(found ?? anonymous(context));
}

/** Changes a login, unless the application has ended its session since. */
function change(req: Request, { loginId }: SessionAuth, changes: Partial<SessionAuth>): void {
  const auth = readAuth(req);
  if (auth?.loginId === loginId) putAuth(req.session, { ...auth, ...changes });
}

/** Ends a login that is no longer valid. Gives the anonymous user if the request must not be logged in another way. */
async function ended(context: RequestContext, auth: SessionAuth, reason: EndReason): Promise<LoadedUser | undefined> {
  const { core, req, res } = context;
  const isAttack = reason === "session protection";
  if (isAttack) await core.remember.end(auth.series);
  await endSession(req);
  if (isAttack && !res.headersSent) core.remember.forget(req, res);
  core.events.emit("loginEnded", { req, userId: auth.userId, reason });
  return isAttack ? anonymous(context) : undefined;
}

async function fromRememberCookie(context: RequestContext): Promise<LoadedUser | undefined> {
  const { core, req, res } = context;
  const { remember } = core;
  if (!core.userLoader || !remember.isIn(req) || !req.session) return undefined;
  // If the browser cannot get a new session id, the login is for this request only.
  const isDeliverable = !isUpgrade(req) && isSessionDeliverable(context);
  const isLate = () => hasBegun(res) || !isDeliverable;
  const restored = await remember.restore(req, admitter(core, req), isLate);
  if (restored === null && !isLate()) remember.forget(req, res);
  if (restored === null || restored === "inactive") return undefined;
  const { user, userId, loginId, series, grant } = restored;
  const auth = newAuth(core, user, { req, userId, loginId, freshAt: null, remembered: true, series });
  if (grant && !isLate()) remember.set(req, res, grant);
  const isOnce = restored.once || isLate();
  if (isOnce && !(await hasRoom(core, auth))) {
    core.events.emit("loginRefused", { req, user });
    return undefined;
  }
  if (!isOnce && !(await lastingly(context, user, auth))) return undefined;
  if (restored.forestalled && isUnsaved(req)) markForestalled(req);
  core.events.emit("loadedFromCookie", { req, user });
  return { user, authenticated: true, ...(isOnce ? { once: auth } : {}) };
}

/** Does the connection become a WebSocket? An application that handles the request, as with express-ws, has a response that goes nowhere. */
export function isUpgrade(req: Request): boolean {
  return (req as { upgrade?: boolean }).upgrade === true;
}

/** Gives a restored login a session, the only one of its browser; false when it may have none, or the browser was forgotten meanwhile. */
async function lastingly(context: RequestContext, user: object, auth: SessionAuth): Promise<boolean> {
  const { core, req, res } = context;
  const { series } = auth;
  let isForgotten = false;
  try {
    const limit = await underLimit(core, req, auth);
    const admit = async () => {
      await limit.admit?.();
      isForgotten = !(await core.remember.isLive(series));
      if (isForgotten) throw new SessionGoneError();
      await endOthers(context, auth);
    };
    // Pending until the record was looked for, so that a failure on the way leaves no login that a logout may have missed.
    await moveSession(req, { data: sessionData(context), auth, ...limit, ...(series === null ? {} : { admit }) });
    return true;
  } catch (error) {
    if (error instanceof SessionLimitError) core.events.emit("loginRefused", { req, user });
    else if (!(error instanceof SessionGoneError)) throw error;
    if (isForgotten && !res.headersSent) core.remember.forget(req, res);
    return false;
  }
}

/** Ends the sessions of this login that are not the request's. */
async function endOthers({ core, req }: RequestContext, { userId, loginId }: SessionAuth): Promise<void> {
  const own = storageId(req.sessionID);
  await endSessions(core, userId, ({ session, auth }) => auth.loginId === loginId && session.id !== own);
}

async function fromRequest(context: RequestContext): Promise<LoadedUser | undefined> {
  const { core, req } = context;
  const user = await userByRequest(core, req);
  if (!user) return undefined;
  core.events.emit("loadedFromRequest", { req, user });
  return { user, authenticated: isAuthenticatedUser(user) };
}
