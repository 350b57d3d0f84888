import type { IncomingMessage } from "node:http";
import type { Request, RequestHandler } from "express";
import { authenticated } from "../current/authenticate.js";
import { loadUser } from "../current/load-user.js";
import { contextOf } from "../current/request-context.js";
import { contextFor } from "../current/running-context.js";
import { checkCalled, guard, type Requirement } from "../guards/guards.js";
import { insideOf, type LoginManager } from "../manager/login-manager.js";
import { impersonateIn } from "./impersonate.js";
import { stopImpersonatingIn } from "./stop.js";

export { ImpersonationRefusedError } from "./refused-error.js";

const REQUIREMENT: Requirement = { roles: [], notImpersonated: true };

/**
 * Lets the current user, an administrator, act as another user. latchkey does not check whether the administrator may do
 * that: call it behind a guard, for example `roleRequired("admin")` and `freshLoginRequired({ within: "10m" })`, and check
 * that the user has no more rights than the administrator.
 *
 * When it resolves, the request and the browser have a login of the user, under a new session id and with an empty
 * session. It is never fresh, sets no remember cookie, and does not count toward `maxSessions`. The methods that
 * `requiredMethods` returns for the user are not required. `loginUser`, `confirmLogin` and `refreshStamp` throw
 * ImpersonatingError.
 *
 * The session of the administrator is kept for `stopImpersonating`, with its values. No cookie contains its id. The
 * remember cookie is removed until then. If one of the two logins ends in any other way, the other one ends too, and the
 * administrator must log in again.
 *
 * @param user the user, as your `userLoader` returns it
 * @throws LoginRequiredError when nobody is logged in by a session or a remember cookie
 * @throws ImpersonatingError when the administrator already acts as a user
 * @throws ImpersonationRefusedError when the user is not active, or is the administrator
 * @throws UnsupportedByStoreError when the application uses its own express-session
 * @throws InsecureConnectionError, ResponseStartedError when the cookie could not reach the browser
 * @throws SessionGoneError when the administrator's login was ended while this request was using it
 * @throws StoreUnavailableError when the store fails; the administrator's login stays unless its session has ended
 */
export async function impersonate(req: Request, user: Express.User): Promise<void> {
  return impersonateIn(contextOf(req), user);
}

/**
 * Ends an impersonation: logs the administrator in again, under a new session id, with the values that the session had
 * before and with the remember cookie, if there was one. The login of the administrator is not fresh.
 *
 * @returns false if no administrator acts as a user in this session; nothing changes in that case
 * @throws InsecureConnectionError, ResponseStartedError when the cookie could not reach the browser
 * @throws SessionGoneError when one of the two logins was ended while this request was using it; nobody is logged in
 * @throws StoreUnavailableError when the store fails
 */
export async function stopImpersonating(req: Request): Promise<boolean> {
  return stopImpersonatingIn(contextOf(req));
}

/**
 * Returns the administrator who acts as the current user, loaded by `userLoader`. Returns null if nobody acts as the
 * user, and if nobody is logged in.
 *
 * @param req the request, as with `currentUser`
 */
export async function impersonator(req?: Request): Promise<Express.User | null> {
  const context = contextFor(req, undefined, "impersonator(req)");
  return ((await loadUser(context)).impersonator as Express.User | undefined) ?? null;
}

/**
 * Requires a logged-in user, and refuses an administrator who acts as the user: with status 403, or with the handler
 * `onForbidden`. `freshLoginRequired` does so too.
 */
export function notImpersonated(): RequestHandler;
export function notImpersonated(...given: unknown[]): RequestHandler {
  checkCalled(given, "notImpersonated()");
  return guard(REQUIREMENT);
}

/** The functions of this module for one manager. */
export interface Impersonation<U> {
  /** See `impersonate`. The administrator and the user are users of the same manager. */
  impersonate(req: Request, user: U): Promise<void>;
  /** See `stopImpersonating`. */
  stopImpersonating(req: Request): Promise<boolean>;
  /**
   * See `impersonator`. Like `authenticate`, it also accepts requests that no Express application handles, such as the
   * upgrade to a WebSocket, and reads the store each time for them.
   */
  impersonator(req: IncomingMessage): Promise<U | null>;
  /** See `notImpersonated`. */
  notImpersonated(): RequestHandler;
}

/**
 * Returns the functions of this module for one manager, for applications with several kinds of users, and for requests
 * that no Express application handles.
 */
export function impersonationFor<U extends object, A extends object>(login: LoginManager<U, A>): Impersonation<U> {
  const inside = () => insideOf(login as never);
  return {
    async impersonate(req, user) {
      return impersonateIn(contextOf(req, inside().core), user);
    },
    async stopImpersonating(req) {
      return stopImpersonatingIn(contextOf(req, inside().core));
    },
    async impersonator(req) {
      const { core, ...mount } = inside();
      return ((await authenticated(core, mount, req))?.impersonator as U | undefined) ?? null;
    },
    notImpersonated(...given: unknown[]) {
      checkCalled(given, "notImpersonated()");
      return guard(REQUIREMENT, (req) => contextOf(req, inside().core));
    },
  };
}
