import type { Request } from "express";
import { newAuth } from "../active-sessions/new-login.js";
import type { Core } from "../core.js";
import { changeLogin, loadUser } from "../current/load-user.js";
import { contextOf, type RequestContext } from "../current/request-context.js";
import { missingIn } from "../current/required-methods.js";
import { isLapsed } from "../current/resolve-user.js";
import { freshFrom } from "../instants.js";
import type { ExternalLogin } from "../login-fields/external-login.js";
import { type MethodsGiven, methodsFrom, noteMethods } from "../login-fields/methods.js";
import { ImpersonatingError, OtherUserError, SessionLimitError } from "../refusals.js";
import type { SessionAuth } from "../session/auth.js";
import { checkUserId, isAuthenticatedUser } from "../user.js";
import { emitLoggedIn } from "./known-browser.js";
import { checkExternal } from "./login-details.js";
import { currentLogin, move } from "./move-login.js";
import { keepPending, timeFor } from "./pending-login.js";
import { assertWritable } from "./start-session.js";

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
   * The methods that the user has used, as in the options of `loginUser`. They are added to the methods of the login.
   *
   * @default no methods
   */
  methods?: MethodsGiven | undefined;
  /**
   * The login at an identity provider that checked the credentials, as in the options of `loginUser`. It replaces the
   * earlier value, because the provider may have a new session.
   *
   * @default the login keeps its earlier value
   */
  external?: ExternalLogin | undefined;
}

/**
 * Makes the current login fresh. Call it after you have checked the user's credentials again. (Flask-Login's
 * confirm_login)
 *
 * If the login is not complete, because `requiredMethods` requires further methods, pass the methods that the user has now
 * used. The login becomes complete when no required method is missing.
 *
 * Like a new login, a confirmed login gets a new session id, and its timeouts start again.
 *
 * @throws LoginRequiredError when nobody is logged in by a session or a remember cookie, and no login is incomplete
 * @throws SessionLimitError when it would complete a login, the user has `maxSessions` logins, and `onLimit` is
 * `"refuse"`
 * @throws ImpersonatingError when an administrator acts as the user
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
  const external = checkExternal(core, options.external);
  await loadUser(context);
  const { user, auth, missing } = await changeLogin(context, () =>
    confirm(context, options, { seenAt, methods, external }),
  );
  if (missing.length > 0) core.events.emit("loginPending", { req, user, methods: missing });
  else if (auth.pending) emitLoggedIn(context, user, auth.userId);
  else core.events.emit("loginConfirmed", { req, user });
}

/** Resolves with the login as it was before. */
async function confirm(
  context: RequestContext,
  options: ConfirmOptions,
  given: { seenAt: number | null; methods: ReturnType<typeof methodsFrom>; external: ExternalLogin | undefined },
): Promise<{ user: object; auth: SessionAuth; missing: readonly string[] }> {
  const { core, req } = context;
  const { user, auth } = await loginToConfirm(context);
  if (auth.impersonator) throw new ImpersonatingError();
  const { userId, loginId, series } = auth;
  const { seenAt, methods, external = auth.external } = given;
  if ("user" in options && !isUser(core, options.user, userId)) throw new OtherUserError();
  assertWritable(context, "confirmLogin");
  const freshAt = seenAt === null ? auth.freshAt : Math.max(seenAt, auth.freshAt ?? 0);
  const shown = { ...noteMethods(auth, methods), ...(external && { external }) };
  const login = { userId, loginId, freshAt, remembered: false, series, ...shown };
  const confirmed = newAuth(core, user, { req, ...login, continued: auth });
  const missing = await missingIn(core, req, user, confirmed);
  if (auth.pending) await proceed(context, user, confirmed, { from: auth, missing });
  else {
    const changed = methods.length > 0 || given.external ? confirmed : undefined;
    const time = changed ? await core.remember.renewalFor(req, changed) : null;
    await move(context, confirmed, { browser: series, changed, time });
  }
  core.flashes.passOn(context, [loginId]);
  if (missing.length > 0) context.settlePending({ user, authenticated: false, missing });
  else if (context.pending) context.settle({ user, authenticated: true });
  return { user, auth, missing };
}

function isUser({ options }: Core, user: object | null | undefined, userId: string): boolean {
  return user !== null && user !== undefined && checkUserId(options.userId(user), "userId()") === userId;
}

/** Returns the current login, or the login that is not complete. */
async function loginToConfirm(context: RequestContext): Promise<{ user: object; auth: SessionAuth }> {
  await loadUser(context);
  const { pending, auth } = context;
  // The login may have lapsed since it was loaded, for example while the handler waited for the user's telephone.
  if (pending && auth && !isLapsed(auth) && isAuthenticatedUser(pending.user)) return { user: pending.user, auth };
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
