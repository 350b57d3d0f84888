import type { Request } from "express";
import { assertDeliverable } from "./cookies.js";
import { type Duration, parseDuration } from "./duration.js";
import { LoaderMissingError, LoginRequiredError, ResponseStartedError, SessionGoneError } from "./errors.js";
import { anonymous, authOf, loadingOver, loadUser, newAuth, sessionData } from "./load-user.js";
import { contextOf, type RequestContext } from "./request-context.js";
import { checkRememberDuration } from "./resolve-options.js";
import { abandonSession, isBridged, replaceSession, type SessionAuth, startLogin } from "./session.js";
import { markPersonal, markReplaced } from "./session-access.js";
import { checkUserId, isActiveUser, isAuthenticatedUser } from "./user.js";

/** How to log in. */
export interface LoginOptions {
  /**
   * Remember the user across browser restarts? A login without it removes an older remember cookie; left out when the same user
   * logs in again, as after a change of password, it stays as it was.
   *
   * @default false
   */
  remember?: boolean | undefined;
  /** How long to remember the user. @default the option `remember.duration` */
  duration?: Duration | undefined;
  /** Log in even a user who is not active? Guards refuse such a user still. @default false */
  force?: boolean | undefined;
  /** Do the credentials count as just seen? @default true */
  fresh?: boolean | undefined;
}

/**
 * Logs a user in, whose credentials the application has checked. (Flask-Login's login_user)
 *
 * When it resolves, the login is saved under a new session id and the old session has ended. What the application kept in the
 * session of an anonymous visitor, or of the same user, is carried over; another user's is not.
 *
 * @returns false, and nothing changed, for a user who is not active and not forced
 * @throws LoaderMissingError without a `userLoader`, which the next request will need
 * @throws InsecureConnectionError, ResponseStartedError when the cookie could not reach the browser
 * @throws StoreUnavailableError when the store fails; nobody is logged in then
 */
export async function loginUser(req: Request, user: Express.User, options: LoginOptions = {}): Promise<boolean> {
  const context = contextOf(req);
  const { core, res } = context;
  if (!core.userLoader) throw new LoaderMissingError("userLoader");
  const userId = checkUserId(core.options.userId(user), "userId()");
  const { remember, force = false, fresh = true } = options;
  const duration =
    options.duration === undefined
      ? core.options.rememberDuration
      : checkRememberDuration("duration", options.duration);
  if (!force && !isActiveUser(user)) return false;

  await loadingOver(context);
  const previous = authOf(context);
  assertWritable(context, "loginUser");
  if (remember) core.remember.assertDeliverable(req);
  const data = previous && previous.userId !== userId ? {} : sessionData(context);
  await replaceSession(req);
  await begin(context, data, newAuth(core, user, { req, userId, fresh, remembered: false }));

  const stamp = core.stamps.of(userId, user);
  const kept = remember === undefined && previous?.userId === userId ? core.remember.read(req) : null;
  if (remember) core.remember.set(req, res, userId, stamp, duration);
  else if (kept?.userId === userId) core.remember.set(req, res, userId, stamp, kept.duration);
  else core.remember.forget(req, res);
  context.settle({ user, authenticated: isAuthenticatedUser(user) });
  core.events.emit("loggedIn", { req, user });
  return true;
}

/**
 * Logs the current user out, if there is one, and forgets the browser. (Flask-Login's logout_user)
 *
 * When it resolves, the session has ended in the store, and the request has a new, empty one. When the store fails it rejects,
 * but this browser's cookies are removed all the same.
 */
export async function logoutUser(req: Request): Promise<void> {
  const context = contextOf(req);
  const { core, res } = context;
  assertNotStarted(context, "logoutUser");
  await loadingOver(context);
  markPersonal(req);
  core.remember.forget(req, res);
  let auth: SessionAuth | undefined;
  let user: object | undefined;
  try {
    auth = authOf(context);
    user = auth && (await userForListeners(context));
    await replaceSession(req);
    markReplaced(req, true);
  } catch (error) {
    if (isBridged(req)) abandonSession(req);
    context.settle(anonymous(context));
    throw error;
  }
  context.settle(anonymous(context));
  if (auth) core.events.emit("loggedOut", { req, userId: auth.userId, ...(user ? { user } : {}) });
}

/**
 * Makes the current login fresh: the application has just seen its user's credentials again. (Flask-Login's confirm_login)
 *
 * Like a login it moves to a new session id, and starts the timeouts anew.
 *
 * @throws LoginRequiredError when nobody is logged in by the session
 * @throws SessionGoneError when the login was ended while this request was under way
 */
export async function confirmLogin(req: Request): Promise<void> {
  const context = contextOf(req);
  const { user, authenticated } = await loadUser(context);
  const auth = authOf(context);
  if (!authenticated || !auth) throw new LoginRequiredError("Nobody is logged in whose login could be confirmed.");
  assertWritable(context, "confirmLogin");
  const data = sessionData(context);
  if (!(await replaceSession(req))) {
    context.settle(anonymous(context));
    throw new SessionGoneError();
  }
  await begin(context, data, newAuth(context.core, user, { req, userId: auth.userId, fresh: true, remembered: false }));
  context.core.events.emit("loginConfirmed", { req, user });
}

/**
 * Is somebody logged in whose credentials were seen in this session? (Flask-Login's login_fresh)
 *
 * @param options.within how recently; without it, at any time in this session
 */
export async function isFresh(req: Request, { within }: { within?: Duration | undefined } = {}): Promise<boolean> {
  const limit = within === undefined ? Number.POSITIVE_INFINITY : parseDuration("within", within);
  const context = contextOf(req);
  const { authenticated } = await loadUser(context);
  const auth = authenticated ? authOf(context) : undefined;
  return auth !== undefined && auth.freshAt !== null && Date.now() - auth.freshAt <= limit;
}

/** Was this login restored from the remember cookie, and not confirmed since? */
export async function isRemembered(req: Request): Promise<boolean> {
  const context = contextOf(req);
  const { authenticated } = await loadUser(context);
  return authenticated && authOf(context)?.remembered === true;
}

async function begin(context: RequestContext, data: object, auth: SessionAuth): Promise<void> {
  markPersonal(context.req);
  try {
    await startLogin(context.req, data, auth);
  } catch (error) {
    context.settle(anonymous(context));
    throw error;
  }
}

function assertWritable(context: RequestContext, verb: string): void {
  assertNotStarted(context, verb);
  // An express-session of the application's own may trust a proxy that Express does not.
  if (isBridged(context.req)) assertDeliverable(context.req, context.core.options.sessionCookie);
}

function assertNotStarted({ res }: RequestContext, verb: string): void {
  if (res.headersSent) throw new ResponseStartedError(verb);
}

/** A logout must not depend on the user loader, so it asks it only for listeners, and goes on without. */
async function userForListeners(context: RequestContext): Promise<object | undefined> {
  if (!context.loaded && !context.core.events.has("loggedOut")) return undefined;
  const loaded = await loadUser(context).catch(() => undefined);
  return loaded?.authenticated ? loaded.user : undefined;
}
