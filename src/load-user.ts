import type { Request } from "express";
import { LoaderMissingError, MiddlewareMissingError } from "./errors.js";
import type { EndReason } from "./events.js";
import type { Core, LoadedUser, RequestContext } from "./request-context.js";
import { replaceSession, type SessionAuth, saveSession } from "./session.js";
import { markPersonal } from "./session-access.js";
import { isAuthenticatedUser } from "./user.js";

/**
 * The user of a request, loaded when first asked for: by the session, else by the remember cookie, else by the request
 * loader, else the anonymous user.
 */
export function loadUser(context: RequestContext): Promise<LoadedUser> {
  context.loading ??= load(context);
  return context.loading;
}

/** The login that the session holds, if any. */
export function authOf({ req }: RequestContext): SessionAuth | undefined {
  const { session } = req;
  if (session) return session.auth;
  throw new MiddlewareMissingError(
    "req.session is missing: mount login.session() or express-session before login.middleware(). " +
      "If express-session is mounted, its store is disconnected",
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

/** The application's data in the session, without what says who is logged in. */
export function sessionData({ req }: RequestContext): object {
  const { auth: _, cookie: __, ...data } = req.session;
  return data;
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
  const loaded =
    (auth && (await fromSession(context, auth))) ??
    (await fromRememberCookie(context)) ??
    (await fromRequest(context)) ??
    anonymous(context);
  if (loaded.authenticated) markPersonal(req);
  return context.settle(loaded);
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

  if (!core.userLoader) throw new LoaderMissingError(core.requestLoader ? "userLoader" : "userLoader or requestLoader");
  const user = await core.userLoader(auth.userId, req);
  if (!user) return endLogin(context, auth, "unknown user");
  if (!core.stamps.matches(auth.stamp, auth.userId, user)) return endLogin(context, auth, "stamp changed");
  return { user, authenticated: isAuthenticatedUser(user) };
}

async function endLogin(context: RequestContext, auth: SessionAuth, reason: EndReason): Promise<undefined> {
  const { core, req } = context;
  await replaceSession(req);
  core.events.emit("loginEnded", { req, userId: auth.userId, reason });
}

async function fromRememberCookie(context: RequestContext): Promise<LoadedUser | undefined> {
  const { core, req, res } = context;
  const { remember, userLoader } = core;
  if (!userLoader || !remember.isIn(req)) return undefined;
  const remembered = remember.read(req);
  const user = remembered && (await userLoader(remembered.userId, req));
  if (!user || !core.stamps.matches(remembered.stamp, remembered.userId, user)) {
    if (!res.headersSent) remember.clear(req, res);
    return undefined;
  }
  if (!isAuthenticatedUser(user)) return undefined;
  // Once the headers are out no new session id can be given, so the login serves this request alone.
  if (!res.headersSent) {
    const data = sessionData(context);
    await replaceSession(req);
    Object.assign(req.session, data, {
      auth: newAuth(core, user, { req, userId: remembered.userId, fresh: false, remembered: true }),
    });
    await saveSession(req);
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
  const user = await core.requestLoader(req);
  if (!user) return undefined;
  core.events.emit("loadedFromRequest", { req, user });
  return { user, authenticated: isAuthenticatedUser(user) };
}
