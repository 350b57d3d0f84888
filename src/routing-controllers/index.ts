import type { Request } from "express";
import { type Action, ActionMetadata, createParamDecorator, getMetadataArgsStorage } from "routing-controllers";
import { currentUser } from "../current/current-user.js";
import { hasContext } from "../current/request-context.js";
import { OptionError } from "../errors.js";
import { checkRoles, type Requirement } from "../guards/guards.js";
import { checkFreshness, type FreshOptions } from "../login/freshness.js";
import type { LoginManager } from "../login-manager.js";
import { ancestry, CLASS, remember, requirementOf, type Storage } from "./controller-guards.js";

type ControllerClass = abstract new (...args: never[]) => unknown;
/** Decorates a controller class or an action. */
type GuardDecorator = (target: object, method?: string | symbol) => void;

/**
 * Lets only logged-in users reach a controller or an action. With roles, the user must have at least one of the roles.
 *
 * The requirements of the class and of the action are combined. They also apply to subclasses and to inherited actions.
 */
export function Authorized(...roles: string[]): GuardDecorator {
  return declare({ roles: roles.length === 0 ? [] : [checkRoles(roles)] });
}

/**
 * Lets only users with a fresh login reach a controller or an action. With `methods`, each of the methods must have been
 * shown recently enough.
 */
export function Fresh(options: FreshOptions = {}): GuardDecorator {
  return declare({ fresh: checkFreshness(options), roles: [] });
}

/** Lets everybody reach an action of a guarded controller. */
export function Public(): MethodDecorator {
  return (target, method) => {
    if (method === undefined) throw new OptionError("@Public", "must be on an action, not on a class");
    remember(target.constructor, method, "public");
  };
}

/** Passes the current user, or the anonymous user, to a parameter of an action. */
export function CurrentUser(): ParameterDecorator {
  return createParamDecorator({ value: ({ request }: Action) => currentUser(request) }) as ParameterDecorator;
}

/** A route and the requirement of its guard. */
export interface GuardedRoute {
  method: string;
  path: string;
  /** The action, as `Controller.action`. */
  action: string;
  guard: "public" | "login" | "fresh" | "roles";
  /** The user must have at least one role of each list. */
  roles: ReadonlyArray<readonly string[]>;
  /** How recent a fresh login must be, in milliseconds; absent if the option `freshFor` decides. */
  within?: number;
  /** The methods that must have been shown that recently; absent if any credentials will do. */
  methods?: readonly string[];
}

/**
 * Returns every route of the controllers with its guard, to print or to check in tests.
 *
 * @throws OptionError if a class is not a controller
 */
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
      const base = declared.route ?? "";
      const full = route instanceof RegExp ? ActionMetadata.appendBaseRoute(base, route) : `${base}${route ?? ""}`;
      return {
        method: type.toUpperCase(),
        path: String(ActionMetadata.appendBaseRoute(routePrefix, full)) || "/",
        action: `${controller.name}.${String(method)}`,
        ...described(requirement),
      };
    });
  });
}

/** Returns a global middleware for the session and the login, for the option `middlewares` of `createExpressServer`. */
export function loginMiddleware(login: LoginManager<never, never> | LoginManager<object, object>): new () => object {
  const session = login.session();
  const middleware = login.middleware();
  class LoginMiddleware {
    use(req: Request, res: Parameters<typeof session>[1], next: (error?: unknown) => void): void {
      // A server without a list of middlewares uses all middlewares in the process, including those of another manager.
      if (hasContext(req)) next();
      else session(req, res, (error?: unknown) => (error ? next(error) : middleware(req, res, next)));
    }
  }
  getMetadataArgsStorage().middlewares.push({ target: LoginMiddleware, type: "before", global: true, priority: 0 });
  return LoginMiddleware;
}

function declare(requirement: Requirement): GuardDecorator {
  return (target, method) => {
    if (method === undefined) remember(target, CLASS, requirement);
    else remember(target.constructor, method, requirement);
  };
}

function actionsOf(storage: Storage, controller: object) {
  const actions: ReturnType<Storage["filterActionsWithTarget"]> = [];
  for (const target of ancestry(controller)) {
    const seen = new Set(actions.map(({ method }) => method));
    actions.push(...storage.filterActionsWithTarget(target as never).filter(({ method }) => !seen.has(method)));
  }
  return actions;
}

function described(requirement: Requirement | null): Pick<GuardedRoute, "guard" | "roles" | "within" | "methods"> {
  if (!requirement) return { guard: "public", roles: [] };
  const { fresh, roles } = requirement;
  const kind = roles.length > 0 ? "roles" : fresh ? "fresh" : "login";
  return { guard: kind, roles, ...fresh };
}
