import type { Request } from "express";
import { passOnLabel } from "../active-sessions/rename.js";
import { endLoginsIfListed } from "../active-sessions/store-logins.js";
import { changeLogin, loadUser } from "../current/load-user.js";
import { userById } from "../current/loaded-user.js";
import { contextOf, type RequestContext } from "../current/request-context.js";
import { SessionGoneError } from "../errors.js";
import { ImpersonatingError, LoginRequiredError } from "../refusals.js";
import { isAuthenticatedUser } from "../user.js";
import { currentLogin, move } from "./move-login.js";
import { assertWritable } from "./start-session.js";

/**
 * Keeps the current login and the browser's remember cookie after the user's stamp has changed, for example because a
 * new password was saved. All other logins of the user end. (Django's update_session_auth_hash)
 *
 * The user must be loaded, for example by a guard, before the stamp changes. A login that is loaded after the change
 * has the old stamp, and ends. The login moves to a new session id; its freshness and timeouts stay as they are.
 *
 * @throws LoginRequiredError when nobody is logged in by a session or a remember cookie, or the user is gone or not
 * active
 * @throws ImpersonatingError when an administrator acts as the user
 * @throws InsecureConnectionError, ResponseStartedError when the cookie could not reach the browser
 * @throws SessionGoneError when the login was ended while this request was using it
 */
export async function refreshStamp(req: Request): Promise<void> {
  return refreshStampIn(contextOf(req));
}

/** The same for a manager. */
export async function refreshStampIn(context: RequestContext): Promise<void> {
  const { core, req } = context;
  await loadUser(context);
  const { user, userId, others } = await changeLogin(context, () => refresh(context));
  if (others.size > 0) core.events.emit("loginsRevoked", { userId, logins: [...others], reason: "stamp changed" });
  core.events.emit("stampRefreshed", { req, user });
}

/** Resolves with the user, and with the ids of the user's other logins, which it ended. */
async function refresh(context: RequestContext): Promise<{ user: object; userId: string; others: Set<string> }> {
  const { core, req } = context;
  const { auth } = await currentLogin(context, "keep");
  if (auth.impersonator) throw new ImpersonatingError();
  const { userId, loginId } = auth;
  const user = await userById(core, req, userId);
  if (!user || !isAuthenticatedUser(user)) throw new LoginRequiredError();
  assertWritable(context, "refreshStamp");
  const held = await core.remember.loginOf(req);
  const time = held?.userId === userId && !held.isUsedUp ? held : null;
  let others = new Set<string>();
  const isOnce = context.sessionAuth === undefined;
  const old = context.session.recordId;
  const last = async () => {
    // If the login existed only for this request, its browser's record already names the new session.
    const kept = isOnce ? context.session.recordId : old;
    const isOwn = held?.series === auth.series;
    if (held && !isOwn) await core.remember.end(held.series, { sessions: held.sessions, kept });
    const ended = await core.remember.end(auth.series, { sessions: isOwn ? held?.sessions : [], kept });
    if (isOnce && auth.series !== null && !ended) throw new SessionGoneError();
    await passOnLabel(core, refreshed, ended);
    // The other logins are invalid, because their stamps are old. But they are listed and counted until they are ended.
    others = await endLoginsIfListed(core, userId, (login) => login.loginId !== loginId);
  };
  const refreshed = { ...auth, series: null, stamp: core.stamps.of(userId, user) };
  await move(context, refreshed, { browser: isOnce ? auth.series : null, time, last });
  context.settle({ user, authenticated: true });
  return { user, userId, others };
}
