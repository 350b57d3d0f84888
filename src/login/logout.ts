import type { Request } from "express";
import { endMovedLogin } from "../active-sessions/store-logins.js";
import { loadUser, waitForLoad } from "../current/load-user.js";
import { contextOf, type RequestContext } from "../current/request-context.js";
import type { SessionAuth } from "../session/auth.js";
import { assertNotStarted } from "./start-session.js";

/**
 * Logs the current user out, if there is one, and forgets the browser. (Flask-Login's logout_user)
 *
 * When it resolves, the session has ended in the store, and the request has a new, empty one. If the store fails, it
 * rejects, but still removes this browser's cookies.
 */
export async function logoutUser(req: Request): Promise<void> {
  const context = contextOf(req);
  const { core, res, session } = context;
  assertNotStarted(context, "logoutUser");
  await waitForLoad(context);
  session.markPersonal();
  core.remember.forget(req, res);
  core.flashes.drop(context);
  let auth: SessionAuth | undefined;
  let user: object | undefined;
  try {
    auth = context.auth;
    user = auth && (await userForListeners(context));
    const held = await core.remember.loginOf(req);
    // End the browser's record first, because it can restore a session.
    const kept = session.recordId;
    if (held) await core.remember.end(held.series, { sessions: held.sessions, kept });
    else await core.remember.endUnreadable(req);
    if (auth && auth.series !== held?.series) await core.remember.end(auth.series, { kept });
    const ended = await session.end();
    session.takeCookie();
    if (auth && !ended) await endMovedLogin(core, auth);
    if (held && held.series === null && held.loginId !== auth?.loginId) await endMovedLogin(core, held);
  } catch (error) {
    session.abandon();
    context.settleAnonymous();
    throw error;
  }
  context.settleAnonymous();
  if (auth) core.events.emit("loggedOut", { req, userId: auth.userId, ...(user ? { user } : {}) });
}

/**
 * Returns the user for the listeners. A logout must not depend on the user loader, so the loader is called only if
 * there are listeners, and its errors are ignored.
 */
async function userForListeners(context: RequestContext): Promise<object | undefined> {
  if (!context.loaded && !context.core.events.has("loggedOut")) return undefined;
  const loaded = await loadUser(context).catch(() => undefined);
  return loaded?.authenticated ? loaded.user : undefined;
}
