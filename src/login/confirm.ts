import type { Request } from "express";
import { underLimit } from "../active-sessions/limit.js";
import { newAuth } from "../active-sessions/new-login.js";
import { endThoseFound, storeOf } from "../active-sessions/store-logins.js";
import type { Core } from "../core.js";
import { userById } from "../current/loaded-user.js";
import { contextOf, type RequestContext } from "../current/request-context.js";
import { authOf, loadUser, loginOf } from "../current/resolve-user.js";
import { type Duration, parseDuration } from "../duration.js";
import { LoginRequiredError, OtherUserError, SessionGoneError } from "../errors.js";
import { freshFrom, isFreshAt } from "../instants.js";
import { endForGood } from "../remember/browser-record.js";
import type { RememberedTime } from "../remember/remembered-login.js";
import type { SessionAuth } from "../session/auth.js";
import { checkUserId, isAuthenticatedUser } from "../user.js";
import { assertWritable, enterSession } from "./start-session.js";

/** How to confirm a login. */
export interface ConfirmOptions {
  /**
   * Whose credentials were seen, where the application does not know that they are the current user's. Left out they are; given as
   * null or undefined, as by a search that found nobody, they are not.
   */
  user?: Express.User | null | undefined;
  /** When they were seen, as with `loginUser`. @default now */
  authTime?: Date | number | undefined;
}

/**
 * Makes the current login fresh: the application has just seen its user's credentials again. (Flask-Login's confirm_login)
 *
 * Like a login it moves to a new session id, and starts the timeouts anew.
 *
 * @throws LoginRequiredError when nobody is logged in by the session
 * @throws OtherUserError when the credentials are another user's, or nobody's; the login stays as it was
 * @throws SessionGoneError when the login was ended while this request was under way
 */
export async function confirmLogin(req: Request, options: ConfirmOptions = {}): Promise<void> {
  const context = contextOf(req);
  const { core } = context;
  const freshAt = freshFrom(options.authTime);
  const { user, auth } = await currentLogin(context, "confirmed");
  const { userId, loginId, series } = auth;
  if ("user" in options && !isUser(core, options.user, userId)) throw new OtherUserError();
  assertWritable(context, "confirmLogin");
  const confirmed = newAuth(core, user, { req, userId, loginId, freshAt, remembered: false, series });
  await move(context, confirmed, { browser: series, time: null });
  core.flashes.passOn(context, [loginId]);
  core.events.emit("loginConfirmed", { req, user });
}

/**
 * Keeps the current login, and the browser's remember cookie, when the user's stamp has changed, as by a new password that is saved
 * by now; every other login of the user's ends. (Django's update_session_auth_hash)
 *
 * The user must have been loaded, as by a guard, before the stamp changed: a login is only as good as its stamp when it is loaded.
 * It moves to a new session id; freshness and timeouts stay as they are.
 *
 * @throws LoginRequiredError when nobody is logged in by the session, or the user is gone
 * @throws SessionGoneError when the login was ended while this request was under way
 */
export async function refreshStamp(req: Request): Promise<void> {
  const context = contextOf(req);
  const { core } = context;
  const { auth } = await currentLogin(context, "kept");
  const { userId, loginId } = auth;
  const user = await userById(core, req, userId);
  if (!user || !isAuthenticatedUser(user)) throw new LoginRequiredError();
  assertWritable(context, "refreshStamp");
  const held = await core.remember.heldBy(req);
  const time = held?.userId === userId && !held.isUsedUp ? { duration: held.duration, until: held.until } : null;
  let others = new Set<string>();
  const isOnce = authOf(context) === undefined;
  const old = context.session.recordId;
  const last = async () => {
    // A login without a session has named the new one in the record of its browser.
    const kept = isOnce ? context.session.recordId : old;
    const isOwn = held?.series === auth.series;
    if (held && !isOwn) await core.remember.end(held.series, { sessions: held.sessions, kept });
    const isEnded = await core.remember.end(auth.series, { sessions: isOwn ? held?.sessions : [], kept });
    if (isOnce && auth.series !== null && !isEnded) throw new SessionGoneError();
    // By their stamps they are worth nothing; but they would be listed, and counted.
    others = await endThoseFound(core, userId, (login) => login.loginId !== loginId);
  };
  const refreshed = { ...auth, series: null, stamp: core.stamps.of(userId, user) };
  await move(context, refreshed, { browser: isOnce ? auth.series : null, time, last });
  context.settle({ user, authenticated: true });
  if (others.size > 0) core.events.emit("loginsRevoked", { userId, logins: [...others], reason: "stamp changed" });
  core.events.emit("stampRefreshed", { req, user });
}

/**
 * Is somebody logged in whose credentials were seen in this session? (Flask-Login's login_fresh)
 *
 * @param options.within how recently; without it as the option `freshFor` says, and never less recently
 */
export async function isFresh(req: Request, options: { within?: Duration | undefined } = {}): Promise<boolean> {
  const { within } = options;
  const context = contextOf(req);
  const { freshFor } = context.core.options;
  const limit = Math.min(within === undefined ? freshFor : parseDuration("within", within), freshFor);
  const { authenticated } = await loadUser(context);
  return authenticated && isFreshAt(loginOf(context)?.freshAt ?? null, limit);
}

/** Was this login restored from the remember cookie, and not confirmed since? */
export async function isRemembered(req: Request): Promise<boolean> {
  const context = contextOf(req);
  const { authenticated } = await loadUser(context);
  return authenticated && loginOf(context)?.remembered === true;
}

function isUser({ options }: Core, user: object | null | undefined, userId: string): boolean {
  return user !== null && user !== undefined && checkUserId(options.userId(user), "userId()") === userId;
}

async function currentLogin(context: RequestContext, done: string): Promise<{ user: object; auth: SessionAuth }> {
  const { user, authenticated } = await loadUser(context);
  const auth = loginOf(context);
  if (authenticated && auth) return { user, auth };
  throw new LoginRequiredError(`Nobody is logged in whose login could be ${done}.`);
}

/** Where a login moves to, beside its new session. */
interface Moved {
  /** The id of the record of the browser that names the new session, if one does. */
  browser: string | null;
  /** For how long the browser is remembered anew. */
  time: RememberedTime | null;
  last?: () => Promise<void>;
}

/** Moves the current login to a new session. */
async function move(context: RequestContext, auth: SessionAuth, { browser, time, last }: Moved): Promise<void> {
  const { core, session } = context;
  const isOnce = authOf(context) === undefined;
  const limit = isOnce ? await underLimit(core, session, auth) : {};
  const own = isOnce ? undefined : session.recordId;
  let before: readonly string[] = [];
  let instead: string | null | undefined;
  const name = async (recordId: string | null) => {
    const moved = await core.remember.moveTo(browser, recordId, { own, instead });
    // The record of a browser may have expired before its session. But a session that was named cannot be created if it was ended meanwhile.
    if (!moved && (isOnce || instead !== undefined)) throw new SessionGoneError();
    instead = recordId;
    before = moved?.before ?? [];
  };
  const admit = async () => {
    await limit.admit?.();
    if (isOnce) {
      // The session that another request restored for this browser, or is about to; then whoever moves from it fails, or has named its own.
      for (const id of before) await endForGood(storeOf(core), id);
      if (instead && !(await core.remember.namesLast(browser, instead))) throw new SessionGoneError();
    }
    await last?.();
  };
  await enterSession(context, { ...limit, values: session.values(), auth, continues: !isOnce, name, admit }, time);
}
