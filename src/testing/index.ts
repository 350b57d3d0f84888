import { newAuth, newLoginId } from "../active-sessions/new-login.js";
import { MiddlewareMissingError } from "../errors.js";
import type { JsonObject } from "../json.js";
import { checkDetails, checkExternal } from "../login/login-details.js";
import type { ExternalLogin } from "../login-fields/external-login.js";
import { type MethodsGiven, methodsFrom, noteMethods } from "../login-fields/methods.js";
import { insideOf, type LoginManager } from "../manager/login-manager.js";
import { newSessionId } from "../session/session-middleware.js";
import { checkUserId } from "../user.js";

export { type StoreCase, type StoreConformanceOptions, storeConformance } from "./store-conformance.js";

/** Options of `loginAs`. */
export interface LoginAsOptions {
  /** Is the login fresh? @default false with `remember`, otherwise true */
  fresh?: boolean | undefined;
  /**
   * Also return a remember cookie? If the login is not fresh, it is then treated as restored from this cookie.
   *
   * @default false
   */
  remember?: boolean | undefined;
  /** The methods that the user has used. @default the methods that the option `requiredMethods` requires */
  methods?: MethodsGiven | undefined;
  /** The label of the login, as in `loginUser`. @default no label */
  label?: string | undefined;
  /** Your own data about the login, as in `loginUser`. @default no data */
  data?: JsonObject | undefined;
  /** The login at an identity provider, as in `loginUser`. @default none */
  external?: ExternalLogin | undefined;
}

/**
 * Logs a user in without a request, for tests. (Flask-Login's FlaskLoginClient)
 *
 * The login is saved in the manager's store. Session protection does not apply to it, because it is not bound to a
 * client.
 *
 * @returns the value of a `Cookie` header, for supertest's `.set("Cookie", ...)` or for `fetch`
 * @throws OptionError, LabelError if an option is invalid
 * @throws MiddlewareMissingError if the `session()` of the manager was not called
 */
export async function loginAs<U extends object, A extends object>(
  login: LoginManager<U, A>,
  user: U,
  options: LoginAsOptions = {},
): Promise<string> {
  const { core, sessions } = insideOf(login as unknown as LoginManager<object, object>);
  if (!sessions)
    throw new MiddlewareMissingError(
      "loginAs needs a manager that was mounted with login.init(app) or login.session(); in NestJS, call await app.init() first",
    );
  const { remember = false, fresh = !remember } = options;
  const userId = checkUserId(core.options.userId(user), "userId()");
  const loginId = newLoginId();
  const freshAt = fresh ? Date.now() : null;
  const required = options.methods ?? (await core.options.requiredMethods?.(user)) ?? [];
  const shown = noteMethods({}, methodsFrom("methods", required, freshAt));
  const external = checkExternal(core, options.external);
  const auth = newAuth(core, user, {
    ...checkDetails(options),
    ...(external && { external }),
    userId,
    loginId,
    freshAt,
    remembered: remember && !fresh,
    series: null,
    ...shown,
  });
  const { rememberDuration: duration } = core.options;
  const { records } = sessions;
  const state = records.unsaved(newSessionId());
  const time = { duration, until: Date.now() + duration };
  await core.externalLogins?.link(auth, remember ? time.until : Date.now());
  const issued = remember && (await core.remember.issue(undefined, auth, time, state.id));
  if (issued) auth.series = issued.series;
  await records.create(state, { auth } as unknown as JsonObject);

  const cookies = [sessions.ids.pair(state.sid)];
  if (issued) cookies.push(core.remember.pair(issued));
  return cookies.join("; ");
}
