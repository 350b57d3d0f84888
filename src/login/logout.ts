import type { Request } from "express";
import { emitEnd } from "../active-sessions/linked-logins.js";
import { endMovedLogin } from "../active-sessions/store-logins.js";
import type { Core } from "../core.js";
import { changeLogin, loadUser, waitForLoad } from "../current/load-user.js";
import { contextOf, type RequestContext } from "../current/request-context.js";
import type { OtherLogin, SessionAuth } from "../session/auth.js";
import { assertNotStarted } from "./start-session.js";

/**
 * Logs the current user out, if there is one, and forgets the browser. (Flask-Login's logout_user)
 *
 * If an administrator acts as the user, the login of the administrator ends too.
 *
 * When it resolves, the session has ended in the store, the browser's cookies are removed, and the request has a new,
 * empty session. If it rejects, the user is still logged in: the browser keeps its cookies, so the same request can be
 * sent again.
 *
 * @throws StoreUnavailableError if the store fails
 */
export async function logoutUser(req: Request): Promise<void> {
  return logoutUserIn(contextOf(req));
}

/** The same for a manager. */
export async function logoutUserIn(context: RequestContext): Promise<void> {
  assertNotStarted(context, "logoutUser");
  await waitForLoad(context);
  context.session.markPersonal();
  const before = context.auth ?? context.aside;
  const { req } = context;
  const user = before && (await userForListeners(context));
  const { auth, isEnded } = await changeLogin(context, () => logOut(context, before));
  if (!auth || auth.pending) return;
  const { impersonator } = auth;
  // If another call has ended the impersonation, it has reported the end.
  if (impersonator && isEnded) emitEnd(context.core, { user: auth, impersonator, reason: "logged out", req });
  context.core.events.emit("loggedOut", { req, userId: (impersonator ?? auth).userId, ...(user ? { user } : {}) });
}

/** The outcome of a logout. */
interface LoggedOut {
  /** The login of the request; undefined if there was none. */
  auth: SessionAuth | undefined;
  /** Did this call end the session of the login? */
  isEnded: boolean;
}

async function logOut(context: RequestContext, before: SessionAuth | undefined): Promise<LoggedOut> {
  const { core, req, res, session } = context;
  const auth = context.auth ?? before;
  let isEnded: boolean;
  try {
    isEnded = await endLogin(context, auth);
  } catch (error) {
    // The session may have ended before the store failed.
    if (context.loginId() === null) context.settleAnonymous();
    throw error;
  }
  // The cookies are removed last, because a browser needs them to repeat a logout that failed.
  session.takeCookie();
  core.remember.forget(req, res);
  core.flashes.drop(context);
  context.settleAnonymous();
  return { auth, isEnded };
}

/**
 * Ends a login in the store: the browser's record first, because it can restore a session. Resolves with true if this
 * call ended the session.
 */
async function endLogin({ core, req, session }: RequestContext, auth: SessionAuth | undefined): Promise<boolean> {
  const kept = session.recordId;
  const isInSession = auth !== undefined && auth.loginId === session.readAuth()?.loginId;
  const isOwn = isInSession && (await core.remember.endOwn(req, auth.series, kept));
  // Any other cookie is checked before its record ends. If the store fails in between, the next request with a used-up
  // cookie still raises the alarm.
  const held = isOwn ? null : await core.remember.loginOf(req);
  if (held) await core.remember.end(held.series, { sessions: held.sessions, kept });
  else if (!isOwn) await core.remember.endUnreadable(req);
  if (auth && !isOwn && auth.series !== held?.series) await core.remember.end(auth.series, { kept });
  await session.endEarlier();
  if (auth?.impersonator) await endImpersonator(core, auth.impersonator);
  const ended = await session.end();
  if (auth && !ended) await endMovedLogin(core, auth);
  if (held && held.series === null && held.loginId !== auth?.loginId) await endMovedLogin(core, held);
  // The login has ended, and an alias that stays does no harm, so the logout does not depend on this.
  const login = auth ?? held;
  if (login?.external) await core.externalLogins?.unlink(login).catch(() => {});
  return ended;
}

/** Ends the login of the administrator, which `stopImpersonating` may have moved to another session. */
async function endImpersonator(core: Core, login: OtherLogin): Promise<void> {
  if (!(await core.store?.destroy(login.session))) await endMovedLogin(core, login);
}

/**
 * Returns the user who logs out, for the listeners. If an administrator acts as the user, this is the administrator. A
 * logout must not depend on the user loader, so the loader is called only if there are listeners, and its errors are
 * ignored.
 */
async function userForListeners(context: RequestContext): Promise<object | undefined> {
  if (!context.loaded && !context.core.events.has("loggedOut")) return undefined;
  const loaded = await loadUser(context).catch(() => undefined);
  return loaded?.authenticated ? (loaded.impersonator ?? loaded.user) : undefined;
}
