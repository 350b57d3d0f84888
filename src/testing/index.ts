import { newAuth, newLoginId } from "../active-sessions/new-login.js";
import { MiddlewareMissingError } from "../errors.js";
import type { JsonObject } from "../json.js";
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
  /** The methods that the user has shown. @default the methods that the option `requiredMethods` requires */
  methods?: MethodsGiven | undefined;
}

/**
 * Logs a user in without a request, for tests. (Flask-Login's FlaskLoginClient)
 *
 * The login is saved in the manager's store. It is not bound to a client, so session protection does not apply to it.
 *
 * @returns the value of a `Cookie` header, for supertest's `.set("Cookie", ...)` or for `fetch`
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
  const auth = newAuth(core, user, {
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
  const issued = remember && (await core.remember.issue(undefined, auth, time, state.id));
  if (issued) auth.series = issued.series;
  await records.create(state, { auth } as unknown as JsonObject);

  const cookies = [sessions.ids.pair(state.sid)];
  if (issued) cookies.push(core.remember.pair(issued));
  return cookies.join("; ");
}
