import type { Request } from "express";
import { underLimit } from "../active-sessions/limit.js";
import { newAuth, newLoginId } from "../active-sessions/new-login.js";
import { endMovedLogin } from "../active-sessions/store-logins.js";
import { changeLogin, loadUser, waitForLoad } from "../current/load-user.js";
import { mayLogIn } from "../current/loaded-user.js";
import { contextOf, type RequestContext } from "../current/request-context.js";
import { missingIn } from "../current/required-methods.js";
import type { Duration } from "../duration.js";
import { LoaderMissingError } from "../errors.js";
import { freshFrom } from "../instants.js";
import type { JsonObject } from "../json.js";
import type { ExternalLogin } from "../login-fields/external-login.js";
import { type MethodsGiven, methodsFrom, noteMethods } from "../login-fields/methods.js";
import { checkRememberDuration } from "../options/remember-options.js";
import { ImpersonatingError, SessionLimitError } from "../refusals.js";
import { checkUserId, isAuthenticatedUser } from "../user.js";
import { emitLoggedIn } from "./known-browser.js";
import { checkDetails, checkExternal, type LoginDetails } from "./login-details.js";
import { setPending, timeFor } from "./pending-login.js";
import { assertWritable, enterSession } from "./start-session.js";

/** Options of `loginUser`. */
export interface LoginOptions {
  /**
   * Remember the user across browser restarts? If false, an older remember cookie is removed. If left out, the cookie
   * is removed too, unless the user is already logged in and logs in again, for example after a password change. In
   * that case, the browser stays remembered as before.
   *
   * @default false
   */
  remember?: boolean | undefined;
  /** How long to remember the user. @default the option `remember.duration` */
  duration?: Duration | undefined;
  /** Log the user in even if the user is not active? Guards still refuse this user. @default false */
  force?: boolean | undefined;
  /** Is the login fresh, that is, were credentials checked for it? @default true */
  fresh?: boolean | undefined;
  /**
   * When the credentials were checked, as a Date or in milliseconds since the epoch. Use it for the `auth_time` of an
   * identity provider (OpenID Connect Core, 2).
   *
   * @default now
   */
  authTime?: Date | number | undefined;
  /**
   * The methods that the user has used: `["pwd"]` if they were used at `authTime`, or `{ pwd: time }` with the time of
   * each. You choose the names, preferably from RFC 8176. If the option `requiredMethods` requires other methods too, the
   * login is not complete until they were passed to `confirmLogin`.
   *
   * @default no methods
   */
  methods?: MethodsGiven | undefined;
  /**
   * The login at an identity provider that checked the credentials. `login.sessions.revokeExternal` finds this login by
   * it, for OpenID Connect Back-Channel Logout. Needs the option `externalLogins`, and a store that can list by user.
   *
   * @default the login cannot be found by the ids of a provider
   */
  external?: ExternalLogin | undefined;
  /**
   * The name of the login in lists, such as "Ann's laptop": 1 to 100 characters, without control characters. Users can
   * change it with `login.sessions.rename`.
   *
   * @default no label
   */
  label?: string | undefined;
  /**
   * Your own data about the login: an object of JSON values, with at most 1024 bytes as JSON. `login.sessions.list`
   * returns it. In the remember mode "stateless", the remember cookie contains it, signed but readable.
   *
   * @default no data
   */
  data?: JsonObject | undefined;
}

/**
 * Logs in a user whose credentials you have checked. (Flask-Login's login_user)
 *
 * When it resolves, the login is saved under a new session id and the old session has ended. The application's values
 * in the session are kept if the session belonged to an anonymous visitor or to the same user. The values of another
 * user are dropped.
 *
 * If `requiredMethods` requires more methods than `methods` contains, the login is not complete, and nobody is logged in
 * yet: `pendingUser()` is the user until `confirmLogin` completes the login, `loginUser` begins another one, `logoutUser`
 * gives it up, or `methodTimeout` is over. Only a complete login counts toward `maxSessions` and sets a remember cookie.
 *
 * Pass the same object that your `userLoader` returns for this user. If the object has no `isActive`, latchkey also
 * calls `userLoader`, because it may add that property.
 *
 * @returns true, even if the login is not complete; false if the user is not active and `force` is not set. Nothing
 * changes in that case.
 * @throws LabelError when the label is invalid
 * @throws OptionError when an option is invalid, or `external` is given and the manager has no `externalLogins`
 * @throws LatchkeyError `incomplete_user` when the user from `userLoader` has a `getSessionStamp` but this one does not
 * @throws UserIdError when the loader returns another user for this user's id
 * @throws LoaderMissingError when there is no `userLoader`, which the next request needs
 * @throws InsecureConnectionError, ResponseStartedError when the cookie could not reach the browser
 * @throws SessionLimitError when the user has `maxSessions` logins and `onLimit` is `"refuse"`
 * @throws ImpersonatingError when an administrator acts as a user in this session
 * @throws SessionGoneError when the login was ended before it was complete, for example by `maxSessions`, or when the
 * provider has ended the session that `external` names
 * @throws UnsupportedByStoreError when `external` is given and the store cannot list by user
 * @throws StoreUnavailableError when the store fails; the user is not logged in, and the previous login stays unless
 * its session has ended
 */
export async function loginUser(req: Request, user: Express.User, options: LoginOptions = {}): Promise<boolean> {
  return loginUserIn(contextOf(req), user, options);
}

/** The same for a manager. */
export async function loginUserIn(context: RequestContext, user: object, options: LoginOptions): Promise<boolean> {
  const { core, req } = context;
  if (!core.userLoader) throw new LoaderMissingError("userLoader");
  const userId = checkUserId(core.options.userId(user), "userId()");
  const { remember, force = false, fresh = true } = options;
  const seenAt = freshFrom(options.authTime);
  const external = checkExternal(core, options.external);
  const details = checkDetails(options);
  const duration =
    options.duration === undefined
      ? core.options.rememberDuration
      : checkRememberDuration("duration", options.duration);

  await waitForLoad(context);
  if (context.auth?.impersonator) await loadUser(context); // an impersonation that has ended is no obstacle
  if (!(await mayLogIn(core, req, user, userId, force))) return false;
  const freshAt = fresh ? seenAt : null;
  const methods = methodsFrom("methods", options.methods ?? [], freshAt);
  const checked = { user, userId, freshAt, remember, duration, methods, external, details };
  await changeLogin(context, () => logIn(context, checked));
  const missing = context.pending?.missing;
  if (missing) core.events.emit("loginPending", { req, user, methods: missing });
  else emitLoggedIn(context, user, userId);
  return true;
}

/** A login whose user and options were checked. */
interface CheckedLogin {
  user: object;
  userId: string;
  freshAt: number | null;
  remember: boolean | undefined;
  /** How long to remember the user, in milliseconds. */
  duration: number;
  methods: ReturnType<typeof methodsFrom>;
  external: ExternalLogin | undefined;
  details: LoginDetails;
}

async function logIn(context: RequestContext, login: CheckedLogin): Promise<void> {
  const { core, req, res, session } = context;
  const { remember: rememberer } = core;
  const { user, userId, freshAt, remember, duration, methods, external, details } = login;
  const previous = context.auth;
  if (previous?.impersonator) throw new ImpersonatingError();
  assertWritable(context, "loginUser");
  if (remember) rememberer.assertDeliverable(req);
  const isSame = previous?.userId === userId;
  const held = await rememberer.loginOf(req);
  const keeps = remember === undefined && isSame && held?.userId === userId && !held.isUsedUp;
  const lasts = remember ? duration : keeps ? held.duration : undefined;
  const shown = { ...noteMethods({}, methods), ...(external && { external }) };
  const missing = await missingIn(core, req, user, shown);
  const isComplete = missing.length === 0;

  // A login that was restored only for single requests is not in the session, but the values in the session belong to
  // the user of that login.
  const owner = previous?.userId ?? held?.userId ?? userId;
  const loginId = newLoginId();
  const fields = { ...shown, ...details };
  const auth = newAuth(core, user, { req, userId, loginId, freshAt, remembered: false, series: null, ...fields });
  if (!isComplete) setPending(core, auth, lasts);
  const time = isComplete ? timeFor(lasts) : null;
  try {
    const replaced = isSame ? previous.loginId : core.devices?.lostLogin(req, userId);
    const limit = isComplete ? await underLimit(core, session, auth, replaced) : {};
    const kept = session.recordId;
    const missed = previous && (() => endMovedLogin(core, previous));
    const admit = async () => {
      await limit.admit?.();
      await session.endEarlier();
      if (held) await rememberer.end(held.series, { sessions: held.sessions, kept });
      if (previous && previous.series !== held?.series) await rememberer.end(previous.series, { kept });
      if (held && held.series === null && held.loginId !== previous?.loginId) await endMovedLogin(core, held);
    };
    const values = owner === userId ? session.values() : {};
    await enterSession(context, { ...limit, values, auth, admit, missed }, time);
  } catch (error) {
    if (error instanceof SessionLimitError) core.events.emit("loginRefused", { req, user });
    throw error;
  }
  if (!time) rememberer.forget(req, res);
  if (owner === userId) core.flashes.passOn(context, [previous?.loginId, held?.loginId]);
  else core.flashes.drop(context);
  if (isComplete) context.settle({ user, authenticated: isAuthenticatedUser(user) });
  else context.settlePending({ user, authenticated: false, missing });
}
