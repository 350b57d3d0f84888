import { createParamDecorator, type ExecutionContext, UseFilters, UseGuards } from "@nestjs/common";
import { loadUser } from "../current/load-user.js";
import { contextOfRealm } from "../current/request-context.js";
import { OptionError } from "../errors.js";
import { ancestry, CLASS, type Declaration, remember } from "../guards/declarations.js";
import {
  checkCalledDecorator,
  checkRealm,
  decoratorsWith,
  type GuardDecorator,
  type RealmDecorators,
} from "../guards/decorators.js";
import type { FreshOptions } from "../login/freshness.js";
import { LatchkeyErrorFilter } from "./error-filter.js";
import { DeclaredGuard } from "./login-guard.js";
import { isOfSocket, requestOf, socketUser } from "./request.js";

export type { RealmDecorators };

/** The classes and the methods that have the guard. */
const guarded = new WeakSet<object>();

const userParameter = createParamDecorator(async (realm: string | undefined, context: ExecutionContext) => {
  const req = requestOf(context);
  if (isOfSocket(context, req)) return socketUser(context, req, realm);
  return (await loadUser(contextOfRealm(req, realm))).user;
});

const ofFirst = decoratorsWith(decorate, userParameter);

/**
 * Lets only logged-in users reach a handler, or all handlers of a class. With roles, the user must have at least one of
 * the roles.
 *
 * The requirements of the class and of the handler are combined. They also apply to subclasses and to inherited handlers.
 */
export function Authorized(...roles: string[]): GuardDecorator {
  return ofFirst.Authorized(...roles);
}

/**
 * Lets only users with a fresh login reach a handler, or all handlers of a class. With `methods`, each of the methods
 * must have been used recently enough.
 */
export function Fresh(options: FreshOptions = {}): GuardDecorator {
  return ofFirst.Fresh(options);
}

/**
 * Lets only logged-in users reach a handler, or all handlers of a class, and no administrator who acts as a user: see
 * `latchkey/impersonation`. `@Fresh()` implies this.
 */
export function NotImpersonated(): GuardDecorator;
export function NotImpersonated(...given: unknown[]): GuardDecorator {
  return ofFirst.NotImpersonated(...given);
}

/**
 * Lets only logged-in users reach a handler, or all handlers of a class, whose login is bound to a device: see
 * `latchkey/device-bound`.
 */
export function DeviceBound(): GuardDecorator;
export function DeviceBound(...given: unknown[]): GuardDecorator {
  return ofFirst.DeviceBound(...given);
}

/**
 * Lets everybody reach a handler, even if its class is guarded or the application has the global guard `LoginGuard`.
 *
 * On a class, it opens each handler that no other decorator guards. It does not open the handlers that subclasses add or
 * override.
 */
export function Public(): GuardDecorator;
export function Public(...given: unknown[]): GuardDecorator {
  checkCalledDecorator("Public", given[0]);
  return decorate("public");
}

/**
 * Passes the current user, or the anonymous user, to a parameter of a handler or a resolver. In a gateway, it passes the
 * user that the guard of the message found.
 */
export function CurrentUser(): ParameterDecorator;
export function CurrentUser(...given: unknown[]): ParameterDecorator {
  return ofFirst.CurrentUser(...given);
}

/**
 * Returns the decorators for the users of the manager with this realm, for applications with several kinds of users.
 * The decorators of the same names in `latchkey/nestjs` are for the users of the first manager. A handler is for one
 * kind of user.
 */
export function decoratorsFor(realm: string): RealmDecorators {
  return decoratorsWith(decorate, userParameter, checkRealm(realm));
}

function decorate(declaration: Declaration): GuardDecorator {
  return (target: object, method?: string | symbol, descriptor?: PropertyDescriptor) => {
    if (typeof method === "object") {
      // Standard decorators get a context object instead of the name.
      throw new OptionError("decorators", 'NestJS needs "experimentalDecorators": true in tsconfig.json');
    }
    if (method === undefined) {
      remember(target, CLASS, declaration);
      if (declaration !== "public") attachGuard(target);
      return;
    }
    const handler = methodOf(target, method, descriptor);
    const owner = target.constructor;
    remember(owner, method, declaration, handler);
    if (declaration === "public") return;
    attachGuard(owner);
    attachGuardToMethod(target, handler);
  };
}

/** Returns the decorated method. @throws OptionError if it is not a method, because NestJS would not call a guard */
function methodOf(target: object, method: PropertyKey, given: PropertyDescriptor | undefined): object {
  const { value } = given ?? Object.getOwnPropertyDescriptor(target, method) ?? {};
  if (typeof target === "object" && typeof value === "function") return value;
  const { name } = (typeof target === "function" ? target : target.constructor) as { name: string };
  throw new OptionError(
    "decorators",
    `only classes and their methods can be guarded, not static methods, properties or parameters such as ${name}.${String(method)}`,
  );
}

/** Puts the guard on the function too, because an application may copy the method to another class. */
function attachGuardToMethod(target: object, value: object): void {
  if (guarded.has(value)) return;
  guarded.add(value);
  UseGuards(DeclaredGuard)(target, "", { value });
}

/**
 * Puts the guard on the class, even if only a handler is declared: NestJS looks up the guards of a handler by its
 * function, so a method that overrides the handler would lose them. Subclasses inherit the guards of a class.
 */
function attachGuard(target: object): void {
  for (const one of ancestry(target)) if (guarded.has(one)) return;
  guarded.add(target);
  UseGuards(DeclaredGuard)(target as never);
  UseFilters(new LatchkeyErrorFilter())(target as never);
}
