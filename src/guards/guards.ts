import type { Request, RequestHandler } from "express";
import type { Core } from "../core.js";
import { loadUser } from "../current/load-user.js";
import { contextOf, type LoadedUser, type RequestContext } from "../current/request-context.js";
import { runWithin } from "../current/running-context.js";
import { OptionError, unexpected } from "../errors.js";
import { checkFreshness, type Freshness, type FreshOptions, freshnessOf } from "../login/freshness.js";
import {
  FreshLoginRequiredError,
  ImpersonatingError,
  LoginRequiredError,
  MethodRequiredError,
  RoleRequiredError,
} from "../refusals.js";
import type { SessionAuth } from "../session/auth.js";
import { kindOf } from "../text.js";
import { type Refusal, respondToRefusal } from "./challenge.js";

/** What a guard requires in addition to a logged-in user. */
export interface Requirement {
  /** Set if the login must be fresh. */
  readonly fresh?: Freshness;
  /** The user must have at least one role of each list. */
  readonly roles: ReadonlyArray<readonly string[]>;
  /** The realm of the manager whose users may pass; by default, the first manager of the request. */
  readonly realm?: string | undefined;
  /** Set if no administrator may act as the user. A login that must be fresh implies this. */
  readonly notImpersonated?: true;
  /**
   * Set if the login must be bound to a device: why a request of an authenticated user is refused; null if it is not. The
   * login is undefined if the user comes from the request loader.
   */
  readonly deviceBound?: (core: Core, req: Request, auth: SessionAuth | undefined) => Refusal | null;
}

/** Requires a logged-in user. (Flask-Login's login_required) */
export function loginRequired(): RequestHandler;
export function loginRequired(...given: unknown[]): RequestHandler {
  checkCalled(given, "loginRequired()");
  return guard({ roles: [] });
}

/**
 * Requires a fresh login. (Flask-Login's fresh_login_required)
 *
 * Users whose login is not fresh are redirected to `refreshView`. Users who have not used all of the `methods` recently
 * enough are redirected to `methodView`.
 *
 * @throws OptionError if an option is invalid, or if the argument is not an object
 */
export function freshLoginRequired(options?: FreshOptions): RequestHandler;
export function freshLoginRequired(...given: unknown[]): RequestHandler {
  checkCalled(given, "freshLoginRequired()");
  return guard(freshness(given));
}

/** Returns the requirement for the arguments of `freshLoginRequired`. @throws OptionError as that function does */
export function freshness([options = {}]: readonly unknown[]): Requirement {
  return { fresh: checkFreshness(options as FreshOptions), roles: [] };
}

/**
 * Requires a logged-in user with at least one of the roles.
 *
 * @throws OptionError if there are no roles, or if a role is not a non-empty string
 */
export function roleRequired(...roles: string[]): RequestHandler {
  checkCalled(roles, 'roleRequired("admin")');
  return guard(anyRole(roles));
}

/** Returns the requirement for the arguments of `roleRequired`. @throws OptionError as that function does */
export function anyRole(roles: readonly string[]): Requirement {
  if (roles.length === 0) throw new OptionError("roleRequired", "expected at least one role");
  return { roles: [checkRoles(roles)] };
}

/**
 * Returns the middleware for a requirement. It responds to a refused request itself, and calls `next` at most once.
 * `next` runs in the asynchronous context of the request, even if earlier middleware lost that context.
 *
 * @param find returns the context of a request under the manager whose users may pass; by default, the first manager
 */
export function guard(requirement: Requirement, find: (req: Request) => RequestContext = contextOf): RequestHandler {
  return function latchkeyGuard(req, _res, next) {
    const context = find(req);
    let called = false;
    const once = (error?: unknown) => {
      if (called) return;
      called = true;
      runWithin(context, () => next(error));
    };
    // `next(undefined)` and `next("route")` would let the request through, so a reason that is not an Error is wrapped
    // in an Error.
    const fail = (reason: unknown) =>
      once(reason instanceof Error ? reason : new Error("a guard failed", { cause: reason }));
    if (context.core.options.exemptMethods.includes(req.method)) return once();
    refusalOf(context, requirement).then((refusal) => {
      if (refusal) respondToRefusal(context, refusal, once).catch(fail);
      else once();
    }, fail);
  };
}

/** Returns why the request does not meet the requirement; null if it does. */
export async function refusalOf(context: RequestContext, requirement: Requirement): Promise<Refusal | null> {
  return await refusalFor(context, await loadUser(context), () => context.userAuth, requirement);
}

/**
 * Returns why a user does not meet the requirement; null if the user does.
 *
 * @param auth returns the login of the user; it is called if the requirement depends on the login
 */
export async function refusalFor(
  { core, req }: Pick<RequestContext, "core" | "req">,
  { user, authenticated, missing }: LoadedUser,
  auth: () => SessionAuth | undefined,
  { fresh, roles, notImpersonated, deviceBound }: Requirement,
): Promise<Refusal | null> {
  if (!authenticated) return missing ? new MethodRequiredError(missing, 401) : new LoginRequiredError();
  if ((fresh || notImpersonated) && auth()?.impersonator) return new ImpersonatingError();
  const unbound = deviceBound?.(core, req, auth());
  if (unbound) return unbound;
  const isFresh = fresh ? await freshnessOf(core, req, { user, auth: auth() }, fresh) : true;
  if (isFresh !== true) return isFresh ? new MethodRequiredError(isFresh, 403) : new FreshLoginRequiredError();
  if (roles.length === 0) return null;
  const has = await rolesOf(core, user);
  return roles.every((list) => list.some((role) => has.includes(role))) ? null : new RoleRequiredError();
}

/** Returns the roles. @throws OptionError if a role is not a non-empty string */
export function checkRoles(roles: readonly unknown[]): readonly string[] {
  for (const role of roles) {
    if (typeof role !== "string" || role === "") throw unexpected("roles", "non-empty strings", kindOf(role));
  }
  return roles as readonly string[];
}

/**
 * Throws OptionError if the function was mounted as a middleware, as in `app.use(loginRequired)`. Without this check,
 * the request would never get a response.
 */
export function checkCalled(given: readonly unknown[], call: string): void {
  if (given.length < 3 || typeof given[2] !== "function") return;
  throw new OptionError(call.slice(0, call.indexOf("(")), `call it: ${call}`);
}

async function rolesOf(core: Core, user: object): Promise<readonly string[]> {
  const { roles } = core.options;
  const found: unknown = roles ? await roles(user) : (user as { roles?: unknown }).roles;
  if (Array.isArray(found) && found.every((role) => typeof role === "string")) return found;
  throw unexpected(
    "roles",
    `an array of strings ${roles ? "from the option roles" : "in user.roles (or set the option roles)"}`,
    kindOf(found),
  );
}
