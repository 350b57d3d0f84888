import { OptionError, unexpected } from "../errors.js";
import { checkFreshness, type FreshOptions } from "../login/freshness.js";
import { kindOf } from "../text.js";
import type { Declaration } from "./declarations.js";
import { DEVICE_BOUND } from "./device.js";
import { checkRoles } from "./guards.js";

/** Decorates a class, or one of its methods. */
export type GuardDecorator = (target: object, method?: string | symbol) => void;

/** The decorators for the users of one manager. */
export interface RealmDecorators {
  /** Lets only users of the realm through. With roles, the user must have at least one of the roles. */
  Authorized(...roles: string[]): GuardDecorator;
  /** Lets only users of the realm with a fresh login through. */
  Fresh(options?: FreshOptions): GuardDecorator;
  /** Lets only users of the realm through, and no administrator who acts as a user. */
  NotImpersonated(): GuardDecorator;
  /** Lets only users of the realm through whose login is bound to a device. */
  DeviceBound(): GuardDecorator;
  /** Passes the current user of the realm, or its anonymous user, to a parameter. */
  CurrentUser(): ParameterDecorator;
}

/** The decorators for the users of one manager, as they are called without type checks. */
interface Decorators extends RealmDecorators {
  NotImpersonated(...given: unknown[]): GuardDecorator;
  DeviceBound(...given: unknown[]): GuardDecorator;
  CurrentUser(...given: unknown[]): ParameterDecorator;
}

/**
 * Returns the decorators for the users of a realm or of the first manager.
 *
 * @param decorate returns a decorator that stores a declaration
 * @param userParameter returns a decorator that passes the current user to a parameter
 */
export function decoratorsWith(
  decorate: (declaration: Declaration) => GuardDecorator,
  userParameter: (realm?: string) => ParameterDecorator,
  realm?: string,
): Decorators {
  const named = realm === undefined ? {} : { realm };
  return {
    Authorized(...roles) {
      checkCalledDecorator("Authorized", roles[0]);
      return decorate({ roles: roles.length === 0 ? [] : [checkRoles(roles)], ...named });
    },
    Fresh(options = {}) {
      checkCalledDecorator("Fresh", options);
      return decorate({ fresh: checkFreshness(options), roles: [], ...named });
    },
    NotImpersonated(...given) {
      checkCalledDecorator("NotImpersonated", given[0]);
      return decorate({ roles: [], notImpersonated: true, ...named });
    },
    DeviceBound(...given) {
      checkCalledDecorator("DeviceBound", given[0]);
      return decorate({ ...DEVICE_BOUND, ...named });
    },
    CurrentUser(...given) {
      checkCalledDecorator("CurrentUser", given[0]);
      return userParameter(realm);
    },
  };
}

/**
 * Throws OptionError if a decorator was used without a call, as in `@Fresh class Account {}`. Without this check, it would
 * do nothing.
 *
 * @param given the first argument of the decorator: the decorated class, or its prototype, if the call is missing
 */
export function checkCalledDecorator(name: string, given: unknown): void {
  if (typeof given !== "function" && !Object.hasOwn(Object(given), "constructor")) return;
  throw new OptionError(`@${name}`, `call it: @${name}()`);
}

/** Returns the argument of `decoratorsFor`. @throws OptionError if it is not a string */
export function checkRealm(realm: unknown): string {
  if (typeof realm === "string") return realm;
  throw unexpected("decoratorsFor", "a realm", kindOf(realm));
}
