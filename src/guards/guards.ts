import type { RequestHandler } from "express";
import { contextOf, type RequestContext } from "../current/request-context.js";
import { loadUser } from "../current/resolve-user.js";
import { runWithin } from "../current/running-context.js";
import { type Duration, parseDuration } from "../duration.js";
import { FreshLoginRequiredError, LoginRequiredError, OptionError, RoleRequiredError } from "../errors.js";
import { isFresh } from "../login/confirm.js";
import { kindOf } from "../text.js";
import { answerRefusal, type Refusal } from "./challenge.js";

/** What a guard asks for. A user who is logged in is always owed. */
export interface Requirement {
  /** Must the login be fresh, and within how many milliseconds? */
  readonly fresh?: { readonly within?: number };
  /** Of each of these lists the user must have one role. */
  readonly roles: ReadonlyArray<readonly string[]>;
}

/** Lets through who is logged in. (Flask-Login's login_required) */
export function loginRequired(): RequestHandler;
export function loginRequired(...given: unknown[]): RequestHandler {
  checkCalled(given, "loginRequired()");
  return guard({ roles: [] });
}

/**
 * Lets through who is logged in freshly. (Flask-Login's fresh_login_required)
 *
 * @param options.within how recently the credentials must have been seen; without it, at any time in this session
 */
export function freshLoginRequired(options?: { within?: Duration | undefined }): RequestHandler;
export function freshLoginRequired(...given: unknown[]): RequestHandler {
  checkCalled(given, "freshLoginRequired()");
  const [options = {}] = given;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new OptionError("freshLoginRequired", `expected options such as { within: "10m" }, not ${kindOf(options)}`);
  }
  return guard({ fresh: freshness(options), roles: [] });
}

/** Lets through who is logged in and has one of the roles. */
export function roleRequired(...roles: string[]): RequestHandler {
  checkCalled(roles, 'roleRequired("admin")');
  if (roles.length === 0) throw new OptionError("roleRequired", "expected at least one role");
  return guard({ roles: [checkRoles(roles)] });
}

/**
 * The middleware for a requirement. It answers a refused request itself, and calls `next` at most once. `next` runs in the context of
 * the request, even if earlier middleware lost it.
 */
export function guard(requirement: Requirement): RequestHandler {
  return function latchkeyGuard(req, _res, next) {
    const context = contextOf(req);
    let called = false;
    const once = (error?: unknown) => {
      if (called) return;
      called = true;
      runWithin(context, () => next(error));
    };
    // Express takes `next(undefined)` and `next("route")` for a way on, so a rejection with such a reason must not become one.
    const fail = (reason: unknown) =>
      once(reason instanceof Error ? reason : new Error("a guard failed", { cause: reason }));
    if (context.core.options.exemptMethods.includes(req.method)) return once();
    refusalOf(context, requirement).then((refusal) => {
      if (refusal) answerRefusal(context, refusal, once).catch(fail);
      else once();
    }, fail);
  };
}

/** Why the request does not meet the requirement, or null when it does. */
export async function refusalOf(context: RequestContext, { fresh, roles }: Requirement): Promise<Refusal | null> {
  const { user, authenticated } = await loadUser(context);
  if (!authenticated) return new LoginRequiredError();
  if (fresh && !(await isFresh(context.req, fresh))) return new FreshLoginRequiredError();
  if (roles.length === 0) return null;
  const has = await rolesOf(context, user);
  return roles.every((list) => list.some((role) => has.includes(role))) ? null : new RoleRequiredError();
}

/** Reads `within`, at the door. */
export function freshness({ within }: { within?: Duration | undefined }): { within?: number } {
  return within === undefined ? {} : { within: parseDuration("within", within) };
}

/** Refuses roles that no user could have. */
export function checkRoles(roles: readonly unknown[]): readonly string[] {
  for (const role of roles) {
    if (typeof role !== "string" || role === "")
      throw new OptionError("roles", `expected non-empty strings, not ${kindOf(role)}`);
  }
  return roles as readonly string[];
}

/** A guard's maker that is mounted itself is given a request, which would wait for an answer that nobody gives. */
function checkCalled(given: readonly unknown[], call: string): void {
  if (given.length < 3 || typeof given[2] !== "function") return;
  throw new OptionError(call.slice(0, call.indexOf("(")), `call it: ${call}`);
}

async function rolesOf({ core }: RequestContext, user: object): Promise<readonly string[]> {
  const { roles } = core.options;
  const found: unknown = roles ? await roles(user) : (user as { roles?: unknown }).roles;
  if (Array.isArray(found) && found.every((role) => typeof role === "string")) return found;
  throw new OptionError(
    "roles",
    `expected an array of strings ${roles ? "from the option roles" : "in user.roles (or set the option roles)"}, not ${kindOf(found)}`,
  );
}
