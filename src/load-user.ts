import type { Request } from "express";
import { LoaderMissingError, MiddlewareMissingError } from "./errors.js";
import type { EndReason } from "./events.js";
import { assertOutsideLoader, type Core, type LoadedUser, type RequestContext, runLoader } from "./request-context.js";
import { replaceSession, type SessionAuth, startLogin } from "./session.js";
import { markPersonal } from "./session-access.js";
import { isAuthenticatedUser } from "./user.js";

/**
 * The user of a request, loaded when first asked for: by the session, else by the remember cookie, else by the request
 * loader, else the anonymous user.
 */
export function loadUser(context: RequestContext): Promise<LoadedUser> {
  assertOutsideLoader(context);
  context.loading ??= load(context);
  return context.loading;
}

/** Waits for a load under way, which would otherwise end after what comes next, and undo it. */
export async function loadingOver(context: RequestContext): Promise<void> {
  assertOutsideLoader(context);
  await context.loading?.catch(() => {});
}

/** The login that the session holds, if any. */
export function authOf({ req }: RequestContext): SessionAuth | undefined {
  const { session, sessionID } = req;
  if (session) return session.auth;
  if (sessionID !== undefined) return undefined; // the application destroyed it
  throw new MiddlewareMissingError(
    "req.session is missing: mount login.session() or express-session before login.middleware(). " +
      "If it is mounted, its store is disconnected, or the request is outside of its cookie's path",
  );
}

/** A new login of a user, as the session will keep it; bound to the client of `req`, or to none. */
export function newAuth({ options, stamps }: Core, user: object, login: NewLogin): SessionAuth {
  const { req, userId, fresh, remembered } = login;
  const now = Date.now();
  return {
    userId,
    loginAt: now,
    freshAt: fresh ? now : null,
    fingerprint: req && options.sessionProtection ? options.fingerprint(req) : null,
    stamp: stamps.of(userId, user),
    remembered,
  };
}

interface NewLogin {
  req?: Request;
  userId: string;
  fresh: boolean;
  remembered: boolean;
}

/** What the application put into the session, with the lifetime that it gave the cookie, but not who is logged in. */
export function sessionData({ req }: RequestContext): object {
  if (!req.session) return {};
  const { auth: _, cookie, ...data } = req.session;
  return typeof cookie.originalMaxAge === "number" ? { ...data, cookie } : data;
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
  const found =
    (auth && (await fromSession(context, auth))) ?? (await fromRememberCookie(context)) ?? (await fromRequest(context));
  if (found) markPersonal(req);
  return context.settle(found ?? anonymous(context));
}

async function fromSession(context: RequestContext, auth: SessionAuth): Promise<LoadedUser | undefined> {
  const { core, req, res } = context;
  const { absoluteTimeout, sessionProtection, fingerprint } = core.options;
  if (Date.now() - auth.loginAt >= absoluteTimeout) return endLogin(context, auth, "absolute timeout");

  if (sessionProtection && auth.fingerprint !== null && auth.fingerprint !== fingerprint(req)) {
    core.events.emit("sessionProtected", { req, userId: auth.userId, mode: sessionProtection });
    if (sessionProtection === "strong") {
      if (!res.headersSent) core.remember.clear(req, res);
      await endLogin(context, auth, "session protection");
      return anonymous(context);
    }
    if (auth.freshAt !== null) auth.freshAt = null;
  }

  const user = await loadById(context, auth.userId);
  if (!user) return endLogin(context, auth, "unknown user");
  if (!core.stamps.matches(auth.stamp, auth.userId, user)) return endLogin(context, auth, "stamp changed");
  return { user, authenticated: isAuthenticatedUser(user) };
}

function loadById(context: RequestContext, id: string) {
  const { userLoader, requestLoader } = context.core;
  if (!userLoader) throw new LoaderMissingError(requestLoader ? "userLoader" : "userLoader or requestLoader");
  return runLoader(context, () => userLoader(id, context.req));
}

async function endLogin(context: RequestContext, auth: SessionAuth, reason: EndReason): Promise<undefined> {
  const { core, req } = context;
  await replaceSession(req);
  core.events.emit("loginEnded", { req, userId: auth.userId, reason });
}

async function fromRememberCookie(context: RequestContext): Promise<LoadedUser | undefined> {
  const { core, req, res } = context;
  const { remember } = core;
  if (!core.userLoader || !req.session || !remember.isIn(req)) return undefined;
  const remembered = remember.read(req);
  const user = remembered && (await loadById(context, remembered.userId));
  if (!user || !core.stamps.matches(remembered.stamp, remembered.userId, user)) {
    if (!res.headersSent) remember.clear(req, res);
    return undefined;
  }
  if (!isAuthenticatedUser(user)) return undefined;
  // Once the headers are out no new session id can be given, so the login serves this request alone.
  if (!res.headersSent) {
    const data = sessionData(context);
    await replaceSession(req);
    const auth = newAuth(core, user, { req, userId: remembered.userId, fresh: false, remembered: true });
    await startLogin(req, data, auth);
  }
  core.events.emit("loadedFromCookie", { req, user });
  return { user, authenticated: true };
}

async function fromRequest(context: RequestContext): Promise<LoadedUser | undefined> {
  const { core, req } = context;
  if (!core.requestLoader) {
    if (core.userLoader) return undefined;
    throw new LoaderMissingError("userLoader or requestLoader");
  }
  const user = await runLoader(context, () => core.requestLoader?.(req));
  if (!user) return undefined;
  core.events.emit("loadedFromRequest", { req, user });
  return { user, authenticated: isAuthenticatedUser(user) };
}
