import type { Request } from "express";
import { type Action, createParamDecorator, getMetadataArgsStorage } from "routing-controllers";
import { currentUser } from "./current-user.js";
import type { Duration } from "./duration.js";
import { LatchkeyError, OptionError } from "./errors.js";
import { checkRoles, freshness, guard, type Requirement } from "./guards.js";
import type { LoginManager } from "./login-manager.js";

type ControllerClass = abstract new (...args: never[]) => unknown;
type Storage = ReturnType<typeof getMetadataArgsStorage>;
/** Decorates a controller class or an action. */
type GuardDecorator = (target: object, method?: string | symbol) => void;

/** What was declared on one class, for itself (under CLASS) and for its methods. */
type Declared = Map<string | typeof CLASS, Requirement | "public">;

const CLASS = Symbol("class");
const declarations = new WeakMap<object, Declared>();

/**
 * Lets only logged-in users reach a controller or an action; with roles, only those who have one of them.
 *
 * Requirements of the class and of the action add up. Inherited actions, and subclasses, keep them.
 */
export function Authorized(...roles: string[]): GuardDecorator {
  return declare({ roles: roles.length === 0 ? [] : [checkRoles(roles)] });
}

/**
 * Lets only users who logged in freshly reach a controller or an action.
 *
 * @param options.within how recently the credentials must have been seen; without it, at any time in this session
 */
export function Fresh(options: { within?: Duration } = {}): GuardDecorator {
  return declare({ fresh: freshness(options), roles: [] });
}

/** Lets everybody reach an action of a guarded controller. */
export function Public(): MethodDecorator {
  return (target, method) => {
    if (method === undefined) throw new OptionError("@Public", "goes on an action, not on a class");
    remember(target.constructor, String(method), "public");
  };
}

/** Gives an action the current user, or the anonymous user. */
export function CurrentUser(): ParameterDecorator {
  return createParamDecorator({ value: ({ request }: Action) => currentUser(request) }) as ParameterDecorator;
}

/** One route and what its guard asks for. */
export interface GuardedRoute {
  method: string;
  path: string;
  /** `Controller.action` */
  action: string;
  guard: "public" | "login" | "fresh" | "roles";
  /** Of each of these lists the user must have one role. */
  roles: ReadonlyArray<readonly string[]>;
  /** How recent a fresh login must be, in milliseconds; absent where any fresh login will do. */
  within?: number;
}

/** Every route of the controllers with its guard, to print or to assert on. */
export function guardTable(
  controllers: readonly ControllerClass[],
  { routePrefix = "" }: { routePrefix?: string } = {},
): GuardedRoute[] {
  const storage = getMetadataArgsStorage();
  return controllers.flatMap((controller) => {
    const declared = storage.controllers.find(({ target }) => target === controller);
    if (!declared) throw new OptionError("controllers", `${controller.name} is not a @Controller or @JsonController`);
    return actionsOf(storage, controller).map(({ type, route, method }) => {
      const requirement = requirementOf(controller, method);
      const path = `${routePrefix}${declared.route ?? ""}${route instanceof RegExp ? route.source : (route ?? "")}`;
      return {
        method: type.toUpperCase(),
        path: path || "/",
        action: `${controller.name}.${method}`,
        ...described(requirement),
      };
    });
  });
}

/** The session and the login as a global middleware, for `middlewares` of `createExpressServer`. */
export function loginMiddleware(login: LoginManager<never, never> | LoginManager<object, object>): new () => object {
  const session = login.session();
  const middleware = login.middleware();
  class LoginMiddleware {
    use(req: Request, res: Parameters<typeof session>[1], next: (error?: unknown) => void): void {
      session(req, res, (error?: unknown) => (error ? next(error) : middleware(req, res, next)));
    }
  }
  getMetadataArgsStorage().middlewares.push({ target: LoginMiddleware, type: "before", global: true, priority: 0 });
  return LoginMiddleware;
}

function declare(requirement: Requirement): GuardDecorator {
  return (target, method) => {
    if (method === undefined) remember(target, CLASS, requirement);
    else remember(target.constructor, String(method), requirement);
  };
}

function remember(target: object, key: string | typeof CLASS, requirement: Requirement | "public"): void {
  attachGuards(getMetadataArgsStorage());
  const declared: Declared = declarations.get(target) ?? new Map();
  declarations.set(target, declared);
  const previous = declared.get(key);
  if (previous !== undefined && (previous === "public" || requirement === "public")) {
    throw new OptionError(
      "@Public",
      `${(target as ControllerClass).name}.${String(key)} is declared both public and guarded`,
    );
  }
  declared.set(key, previous === undefined ? requirement : both(previous as Requirement, requirement as Requirement));
}

/**
 * What an action of a controller asks for: the requirements of its class, of every class above, and of the method itself
 * wherever it is declared. A class that calls the method public stops the search, so its own and what is above do not count.
 */
function requirementOf(controller: object, method: string): Requirement | null {
  let requirement: Requirement | null = null;
  for (const target of ancestry(controller)) {
    const declared = declarations.get(target);
    const ofMethod = declared?.get(method);
    if (ofMethod === "public") break;
    for (const found of [declared?.get(CLASS), ofMethod]) {
      if (found) requirement = requirement ? both(requirement, found as Requirement) : (found as Requirement);
    }
  }
  return requirement;
}

/** A class and those that it extends. */
function* ancestry(controller: object): Generator<object> {
  for (let target = controller; target && target !== Function.prototype; target = Object.getPrototypeOf(target))
    yield target;
}

function both(a: Requirement, b: Requirement): Requirement {
  const roles = [...a.roles, ...b.roles];
  if (!a.fresh && !b.fresh) return { roles };
  const within = Math.min(a.fresh?.within ?? Number.POSITIVE_INFINITY, b.fresh?.within ?? Number.POSITIVE_INFINITY);
  return { fresh: within === Number.POSITIVE_INFINITY ? {} : { within }, roles };
}

const attached = new WeakSet<Storage>();

/**
 * Puts the guard before every action that has one, at the moment routing-controllers asks for the action's middleware.
 *
 * Registering with `@UseBefore` would not do: routing-controllers looks it up by the exact class, so an action that is
 * inherited keeps its route and loses its guard.
 */
function attachGuards(storage: Storage): void {
  if (attached.has(storage)) return;
  const lookup: unknown = storage.filterUsesWithTargetAndMethod;
  if (typeof lookup !== "function") {
    throw new LatchkeyError(
      "unsupported_version",
      500,
      "this version of routing-controllers cannot be guarded; latchkey supports 0.11",
    );
  }
  storage.filterUsesWithTargetAndMethod = (target, method) => {
    const uses: ReturnType<Storage["filterUsesWithTargetAndMethod"]> = lookup.call(storage, target, method);
    const requirement = method === undefined ? null : requirementOf(target, method);
    if (!requirement) return uses;
    return [{ target, method, middleware: guard(requirement), afterAction: false }, ...uses];
  };
  attached.add(storage);
}

function actionsOf(storage: Storage, controller: object) {
  const actions: ReturnType<Storage["filterActionsWithTarget"]> = [];
  for (const target of ancestry(controller)) {
    const seen = new Set(actions.map(({ method }) => method));
    actions.push(...storage.filterActionsWithTarget(target as never).filter(({ method }) => !seen.has(method)));
  }
  return actions;
}

function described(requirement: Requirement | null): Pick<GuardedRoute, "guard" | "roles" | "within"> {
  if (!requirement) return { guard: "public", roles: [] };
  const { fresh, roles } = requirement;
  const kind = roles.length > 0 ? "roles" : fresh ? "fresh" : "login";
  return { guard: kind, roles, ...(fresh?.within === undefined ? {} : { within: fresh.within }) };
}
