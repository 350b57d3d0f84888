import type { Request } from "express";
import { type Action, createParamDecorator, getMetadataArgsStorage } from "routing-controllers";
import { loadUser } from "../current/load-user.js";
import { contextOfRealm, contextsIn } from "../current/request-context.js";
import { CLASS, type Declaration } from "../guards/declarations.js";
import {
  checkCalledDecorator,
  checkRealm,
  decoratorsWith,
  type GuardDecorator,
  type RealmDecorators,
} from "../guards/decorators.js";
import { expressRequired } from "../http/express-only.js";
import type { FreshOptions } from "../login/freshness.js";
import type { LoginManager } from "../manager/login-manager.js";
import { declare } from "./controller-guards.js";

export type { RealmDecorators } from "../guards/decorators.js";
export { denyByDefault } from "./controller-guards.js";
export { type GuardedRoute, guardTable } from "./guard-table.js";
export { type OpenApiDocument, openApiWithGuards } from "./openapi.js";

const ofFirst = decoratorsWith(decorate, userParameter);

/**
 * Lets only logged-in users reach a controller or an action. With roles, the user must have at least one of the roles.
 *
 * The requirements of the class and of the action are combined. They also apply to subclasses and to inherited actions.
 */
export function Authorized(...roles: string[]): GuardDecorator {
  return ofFirst.Authorized(...roles);
}

/**
 * Lets only users with a fresh login reach a controller or an action. With `methods`, each of the methods must have been
 * used recently enough.
 */
export function Fresh(options: FreshOptions = {}): GuardDecorator {
  return ofFirst.Fresh(options);
}

/**
 * Lets only logged-in users reach a controller or an action, and no administrator who acts as a user: see
 * `latchkey/impersonation`. `@Fresh()` implies this.
 */
export function NotImpersonated(): GuardDecorator;
export function NotImpersonated(...given: unknown[]): GuardDecorator {
  return ofFirst.NotImpersonated(...given);
}

/**
 * Lets only logged-in users reach a controller or an action, whose login is bound to a device: see
 * `latchkey/device-bound`.
 */
export function DeviceBound(): GuardDecorator;
export function DeviceBound(...given: unknown[]): GuardDecorator {
  return ofFirst.DeviceBound(...given);
}

/**
 * Lets everybody reach an action, even if its controller is guarded or its server was created with `denyByDefault`.
 *
 * On a class, it opens each action that no other decorator guards. It does not open the actions that subclasses add or
 * override.
 */
export function Public(): GuardDecorator;
export function Public(...given: unknown[]): GuardDecorator {
  checkCalledDecorator("Public", given[0]);
  return decorate("public");
}

/** Passes the current user, or the anonymous user, to a parameter of an action. */
export function CurrentUser(): ParameterDecorator;
export function CurrentUser(...given: unknown[]): ParameterDecorator {
  return ofFirst.CurrentUser(...given);
}

/**
 * Returns the decorators for the users of the manager with this realm, for applications with several kinds of users.
 * The decorators of the same names in `latchkey/routing-controllers` are for the users of the first manager. Each
 * action is for one kind of user.
 */
export function decoratorsFor(realm: string): RealmDecorators {
  return decoratorsWith(decorate, userParameter, checkRealm(realm));
}

function userParameter(realm?: string): ParameterDecorator {
  return createParamDecorator({
    value: async ({ request }: Action) => (await loadUser(contextOfRealm(request as Request, realm))).user,
  }) as ParameterDecorator;
}

/** Returns a global middleware for the session and the login, for the option `middlewares` of `createExpressServer`. */
export function loginMiddleware(login: LoginManager<never, never> | LoginManager<object, object>): new () => object {
  const session = login.session();
  const middleware = login.middleware();
  class LoginMiddleware {
    use(req: Request, res: Parameters<typeof session>[1], next: (error?: unknown) => void): void {
      if (typeof next !== "function") throw expressRequired(); // Koa calls a middleware with a context and `next`
      // A server without a list of middlewares uses all middlewares in the process, including those of a manager with
      // the same realm, which serves another server.
      if (contextsIn(req).some(({ core }) => core.options.realm === login.options.realm)) next();
      else session(req, res, (error?: unknown) => (error ? next(error) : middleware(req, res, next)));
    }
  }
  getMetadataArgsStorage().middlewares.push({ target: LoginMiddleware, type: "before", global: true, priority: 0 });
  return LoginMiddleware;
}

function decorate(declaration: Declaration): GuardDecorator {
  return (target, method) => {
    if (method === undefined) declare(target, CLASS, declaration);
    else declare(target.constructor, method, declaration);
  };
}
