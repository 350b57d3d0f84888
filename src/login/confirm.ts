import type { Request } from "express";
import { underLimit } from "../active-sessions/limit.js";
import { newAuth } from "../active-sessions/new-login.js";
import { endLoginsIfListed, storeOf } from "../active-sessions/store-logins.js";
import type { Core } from "../core.js";
import { loadUser } from "../current/load-user.js";
import { userById } from "../current/loaded-user.js";
import { contextOf, type RequestContext } from "../current/request-context.js";
import { missingIn } from "../current/required-methods.js";
import { LoginRequiredError, OtherUserError, SessionGoneError, SessionLimitError } from "../errors.js";
import { freshFrom } from "../instants.js";
import { type MethodsGiven, methodsFrom, noteMethods } from "../methods.js";
import { endForGood } from "../remember/browser-record.js";
import type { NewRemembered } from "../remember/remembered-login.js";
import type { SessionAuth } from "../session/auth.js";
import { checkUserId, isAuthenticatedUser } from "../user.js";
import { keepPending, timeFor } from "./pending-login.js";
import { assertWritable, enterSession } from "./start-session.js";

/** Options of `confirmLogin`. */
export interface ConfirmOptions {
  /**
   * The user whose credentials were checked. Leave it out if you know that this is the current user. Any other user is
   * rejected with OtherUserError. null and undefined are rejected too, because a lookup that found nobody returns them.
   */
  user?: Express.User | null | undefined;
  /** When the credentials were checked, as in the options of `loginUser`. @default now */
  authTime?: Date | number | undefined;
  /**
   * The methods that the user has shown, as in the options of `loginUser`. They are added to those that the login has
   * already.
   *
   * @default no methods
   */
  methods?: MethodsGiven | undefined;
}

/**
 * Makes the current login fresh. Call it after you have checked the user's credentials again. (Flask-Login's
 * confirm_login)
 *
 * If the login is not complete, because `requiredMethods` requires further methods, it adds the shown methods. The login
 * is complete when none is missing.
 *
 * Like a new login, a confirmed login gets a new session id, and its timeouts start again.
 *
 * @throws LoginRequiredError when nobody is logged in by a session or a remember cookie, and no login is incomplete
 * @throws SessionLimitError when it would complete a login, the user has `maxSessions` logins, and `onLimit` is
 * `"refuse"`
 * @throws OtherUserError when the credentials belong to another user or to nobody; the login does not change
 * @throws InsecureConnectionError, ResponseStartedError when the cookie could not reach the browser
 * @throws SessionGoneError when the login was ended while this request was using it
 */
export async function confirmLogin(req: Request, options: ConfirmOptions = {}): Promise<void> {
  return confirmLoginIn(contextOf(req), options);
}

/** The same for a manager. */
export async function confirmLoginIn(context: RequestContext, options: ConfirmOptions): Promise<void> {
  const { core, req } = context;
  const seenAt = freshFrom(options.authTime);
  const methods = methodsFrom("methods", options.methods ?? [], seenAt);
  const { user, auth } = await loginToConfirm(context);
  const { userId, loginId, series } = auth;
  if ("user" in options && !isUser(core, options.user, userId)) throw new OtherUserError();
  assertWritable(context, "confirmLogin");
  const freshAt = seenAt === null ? auth.freshAt : Math.max(seenAt, auth.freshAt ?? 0);
  const login = { userId, loginId, freshAt, remembered: false, series, ...noteMethods(auth, methods) };
  const confirmed = newAuth(core, user, { req, ...login, continued: auth });
  const missing = await missingIn(core, req, user, confirmed);
  if (auth.pending) await proceed(context, user, confirmed, { from: auth, missing });
  else {
    const shown = methods.length > 0 ? confirmed : undefined;
    const time = shown ? await core.remember.renewalFor(req, shown) : null;
    await move(context, confirmed, { browser: series, shown, time });
  }
  core.flashes.passOn(context, [loginId]);
  if (missing.length > 0) {
    context.settlePending({ user, authenticated: false, missing });
    core.events.emit("loginPending", { req, user, methods: missing });
  } else {
    if (context.pending) context.settle({ user, authenticated: true });
    core.events.emit(auth.pending ? "loggedIn" : "loginConfirmed", { req, user });
  }
}

/**
 * Keeps the current login and the browser's remember cookie after the user's stamp has changed, for example because a
 * new password was saved. All other logins of the user end. (Django's update_session_auth_hash)
 *
 * The user must be loaded, for example by a guard, before the stamp changes. A login that is loaded after the change
 * has the old stamp, and ends. The login moves to a new session id; its freshness and timeouts stay as they are.
 *
 * @throws LoginRequiredError when nobody is logged in by a session or a remember cookie, or the user is gone or not
 * active
 * @throws InsecureConnectionError, ResponseStartedError when the cookie could not reach the browser
 * @throws SessionGoneError when the login was ended while this request was using it
 */
export async function refreshStamp(req: Request): Promise<void> {
  return refreshStampIn(contextOf(req));
}

/** The same for a manager. */
export async function refreshStampIn(context: RequestContext): Promise<void> {
  const { core, req } = context;
  const { auth } = await currentLogin(context, "keep");
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
    const isEnded = await core.remember.end(auth.series, { sessions: isOwn ? held?.sessions : [], kept });
    if (isOnce && auth.series !== null && !isEnded) throw new SessionGoneError();
    // The other logins are invalid, because their stamps are old. But they are listed and counted until they are ended.
    others = await endLoginsIfListed(core, userId, (login) => login.loginId !== loginId);
  };
  const refreshed = { ...auth, series: null, stamp: core.stamps.of(userId, user) };
  await move(context, refreshed, { browser: isOnce ? auth.series : null, time, last });
  context.settle({ user, authenticated: true });
  if (others.size > 0) core.events.emit("loginsRevoked", { userId, logins: [...others], reason: "stamp changed" });
  core.events.emit("stampRefreshed", { req, user });
}

function isUser({ options }: Core, user: object | null | undefined, userId: string): boolean {
  return user !== null && user !== undefined && checkUserId(options.userId(user), "userId()") === userId;
}

async function currentLogin(context: RequestContext, verb: string): Promise<{ user: object; auth: SessionAuth }> {
  const { user, authenticated } = await loadUser(context);
  const auth = context.userAuth;
  if (authenticated && auth) return { user, auth };
  throw new LoginRequiredError(`There is no login to ${verb}.`);
}

/** Returns the current login, or the login that is not complete. */
async function loginToConfirm(context: RequestContext): Promise<{ user: object; auth: SessionAuth }> {
  await loadUser(context);
  const { pending, auth } = context;
  if (pending && auth && isAuthenticatedUser(pending.user)) return { user: pending.user, auth };
  return currentLogin(context, "confirm");
}

/** Moves a login that was not complete to a new session. It is complete if no methods are missing. */
async function proceed(
  context: RequestContext,
  user: object,
  auth: SessionAuth,
  { from, missing }: { from: SessionAuth; missing: readonly string[] },
): Promise<void> {
  if (missing.length > 0) {
    keepPending(auth, from);
    return move(context, auth, { browser: null, time: null });
  }
  try {
    await move(context, auth, { browser: null, time: timeFor(from.rememberFor), isNew: true });
  } catch (error) {
    if (error instanceof SessionLimitError) context.core.events.emit("loginRefused", { req: context.req, user });
    throw error;
  }
}

/** How a login moves to a new session. */
interface Moved {
  /** The id of the browser's record that must name the new session; null if there is none. */
  browser: string | null;
  /** The login, if the user has shown further methods, which the browser's record must contain. */
  shown?: SessionAuth | undefined;
  /** How long the new remember cookie lasts; null if there is no new cookie. */
  time: NewRemembered | null;
  /** Does the login begin to count toward `maxSessions`? */
  isNew?: boolean;
  last?: () => Promise<void>;
}

/** Moves the current login to a new session. */
async function move(context: RequestContext, auth: SessionAuth, moved: Moved): Promise<void> {
  const { browser, shown, time, isNew, last } = moved;
  const { core, session } = context;
  const isOnce = context.sessionAuth === undefined;
  const limit = isOnce || isNew ? await underLimit(core, session, auth) : {};
  const own = isOnce ? undefined : session.recordId;
  let before: readonly string[] = [];
  let instead: string | null | undefined;
  const name = async (recordId: string | null) => {
    const named = await core.remember.moveTo(browser, recordId, { own, instead, login: shown });
    // A browser's record may have expired before its session. But if the login has no session, or a session was named
    // before, a missing record means that another request has ended the login.
    if (!named && (isOnce || instead !== undefined)) throw new SessionGoneError();
    instead = recordId;
    before = named?.before ?? [];
  };
  const admit = async () => {
    await limit.admit?.();
    if (isOnce) {
      // End the sessions that other requests restored for this browser, or are about to create. A request that moves
      // the login out of one of these sessions then fails, unless the request has already named its own new session.
      for (const id of before) await endForGood(storeOf(core), id);
      if (instead && !(await core.remember.namesLast(browser, instead))) throw new SessionGoneError();
    }
    await last?.();
  };
  await enterSession(context, { ...limit, values: session.values(), auth, continues: !isOnce, name, admit }, time);
}
