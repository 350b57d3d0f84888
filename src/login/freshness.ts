import type { Request } from "express";
import type { Core } from "../core.js";
import { loadUser } from "../current/load-user.js";
import { contextOf, type RequestContext } from "../current/request-context.js";
import { missingIn } from "../current/required-methods.js";
import { type Duration, parseDuration } from "../duration.js";
import { OptionError, unexpected } from "../errors.js";
import { isFreshAt } from "../instants.js";
import { isObject } from "../json.js";
import { checkMethods, staleOrMissing } from "../login-fields/methods.js";
import type { SessionAuth } from "../session/auth.js";
import { kindOf } from "../text.js";

/** How recently the credentials must have been checked. */
export interface FreshOptions {
  /** How recently; the option `freshFor` is the default and the upper limit. */
  within?: Duration | undefined;
  /**
   * The methods that must all have been used that recently in this session. `"required"` means the methods that the
   * option `requiredMethods` returns for the user. If it returns none, any credentials are enough.
   *
   * @default any credentials
   */
  methods?: readonly string[] | "required" | undefined;
}

/**
 * Is a user logged in, and were the credentials checked recently enough in this session? (Flask-Login's login_fresh)
 *
 * @throws OptionError if an option is invalid
 */
export async function isFresh(req: Request, options: FreshOptions = {}): Promise<boolean> {
  return isFreshIn(contextOf(req), options);
}

/** The same for a manager. */
export async function isFreshIn(context: RequestContext, options: FreshOptions): Promise<boolean> {
  return (await loadFreshness(context, checkFreshness(options))) === true;
}

/** How recently the credentials must have been checked, in milliseconds, and which methods must have been used. */
export interface Freshness {
  readonly within?: number;
  readonly methods?: readonly string[];
  /** Also require the methods that `requiredMethods` returns for the user? */
  readonly required?: true;
}

/** Parses the options. @throws OptionError if one is invalid or unknown, because the guard would require less */
export function checkFreshness(options: FreshOptions): Freshness {
  checkNames(options);
  const { within, methods } = options;
  return {
    ...(within !== undefined && { within: parseDuration("within", within) }),
    ...(methods === "required" && { required: true }),
    ...(methods !== undefined && methods !== "required" && { methods: checkMethods("methods", methods) }),
  };
}

function checkNames(given: unknown): void {
  if (!isObject(given)) {
    throw unexpected("fresh", 'options such as { within: "10m" }', kindOf(given));
  }
  for (const name of Reflect.ownKeys(given)) {
    if (name === "within" || name === "methods") continue;
    throw new OptionError(String(name), "unknown option; the options are within, methods");
  }
}

/**
 * Is the login fresh? If it is not because methods are missing, or were used too long ago, resolves with these methods.
 */
export async function loadFreshness(
  context: RequestContext,
  freshness: Freshness,
): Promise<boolean | readonly string[]> {
  const { user, authenticated } = await loadUser(context);
  const auth = context.userAuth;
  return authenticated && freshnessOf(context.core, context.req, { user, auth }, freshness);
}

/**
 * Is the login of an authenticated user fresh? If it is not because of methods, resolves with these methods.
 *
 * @param login the user, and the login, which is undefined if the user comes from the request loader
 */
export async function freshnessOf(
  core: Core,
  req: Request,
  { user, auth }: { user: object; auth: SessionAuth | undefined },
  { within = Number.POSITIVE_INFINITY, methods = [], required }: Freshness,
): Promise<boolean | readonly string[]> {
  const limit = Math.min(within, core.options.freshFor);
  const all = required ? [...new Set([...methods, ...(await missingIn(core, req, user, {}))])] : methods;
  if (all.length === 0) return isFreshAt(auth?.freshAt ?? null, limit);
  const stale = staleOrMissing(all, auth ?? {}, limit);
  return stale.length === 0 || stale;
}

/** Was this login restored from the remember cookie, and not confirmed since then? */
export async function isRemembered(req: Request): Promise<boolean> {
  return isRememberedIn(contextOf(req));
}

/** The same for a manager. */
export async function isRememberedIn(context: RequestContext): Promise<boolean> {
  const { authenticated } = await loadUser(context);
  return authenticated && context.userAuth?.remembered === true;
}
