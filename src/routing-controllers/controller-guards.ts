import { getMetadataArgsStorage, useExpressServer } from "routing-controllers";
import { LatchkeyError, OptionError } from "../errors.js";
import { guard, type Requirement } from "../guards/guards.js";
import type { Freshness } from "../login/freshness.js";

/** The metadata of routing-controllers. */
export type Storage = ReturnType<typeof getMetadataArgsStorage>;

/** The declarations of one class: for the class itself (under CLASS) and for its methods. */
type Declared = Map<string | symbol, Requirement | "public">;

/** The key of the requirement that a class declares for all its actions. */
export const CLASS: unique symbol = Symbol("class");
const declarations = new WeakMap<object, Declared>();

/** Stores the requirement of a class or of one of its methods. Several requirements are combined. */
export function remember(target: object, key: PropertyKey, requirement: Requirement | "public"): void {
  if (typeof key === "object") {
    // Standard decorators get a context object instead of the name.
    throw new OptionError("decorators", 'routing-controllers needs "experimentalDecorators": true in tsconfig.json');
  }
  attachGuards(getMetadataArgsStorage());
  const declared: Declared = declarations.get(target) ?? new Map();
  declarations.set(target, declared);
  const previous = declared.get(nameOf(key));
  if (previous !== undefined && (previous === "public" || requirement === "public")) {
    const { name } = target as { name: string };
    throw new OptionError("@Public", `${name}.${String(key)} is declared both public and guarded`);
  }
  const added = previous === undefined ? requirement : both(previous as Requirement, requirement as Requirement);
  declared.set(nameOf(key), added);
}

/**
 * Returns the requirement of a controller's action, or null. It combines the requirements of the class, of every base
 * class, and of every declaration of the method. If a class declares the method public, the requirements of that class
 * and of its base classes are ignored.
 */
export function requirementOf(controller: object, method: PropertyKey): Requirement | null {
  let requirement: Requirement | null = null;
  for (const target of ancestry(controller)) {
    const declared = declarations.get(target);
    const ofMethod = declared?.get(nameOf(method));
    if (ofMethod === "public") break;
    for (const found of [declared?.get(CLASS), ofMethod]) {
      if (found) requirement = requirement ? both(requirement, found as Requirement) : (found as Requirement);
    }
  }
  return requirement;
}

/** Yields a class and its base classes. */
export function* ancestry(controller: object): Generator<object> {
  for (let target = controller; target && target !== Function.prototype; target = Object.getPrototypeOf(target))
    yield target;
}

/** Returns a method's name as a key, because the name may also be a symbol or a number. */
function nameOf(key: PropertyKey): string | symbol {
  return typeof key === "symbol" ? key : String(key);
}

function both(a: Requirement, b: Requirement): Requirement {
  const roles = [...a.roles, ...b.roles];
  if (!a.fresh || !b.fresh) return { ...((a.fresh || b.fresh) && { fresh: a.fresh ?? b.fresh! }), roles };
  return { fresh: strictest(a.fresh, b.fresh), roles };
}

function strictest(a: Freshness, b: Freshness): Freshness {
  const within = Math.min(a.within ?? Number.POSITIVE_INFINITY, b.within ?? Number.POSITIVE_INFINITY);
  const methods = [...new Set([...(a.methods ?? []), ...(b.methods ?? [])])];
  return { ...(within < Number.POSITIVE_INFINITY && { within }), ...(methods.length > 0 && { methods }) };
}

const LOOKUP = "filterUsesWithTargetAndMethod";
const attached = new WeakSet<object>();
const guards = new WeakSet<object>();

/**
 * Puts the guard before every guarded action. It does so when routing-controllers looks up the action's middleware.
 *
 * `@UseBefore` would not work: routing-controllers looks it up by the exact class, so an inherited action would keep
 * its route and lose its guard.
 */
function attachGuards(storage: Storage): void {
  // Patch the class if possible, not its only instance, because the tests of an application may replace the instance.
  const holder: Pick<Storage, typeof LOOKUP> = Object.hasOwn(storage, LOOKUP)
    ? storage
    : Object.getPrototypeOf(storage);
  if (attached.has(holder)) return;
  const lookup = holder[LOOKUP];
  holder[LOOKUP] = function (this: Storage, target, method) {
    const uses: ReturnType<typeof lookup> = lookup.call(this, target, method);
    const requirement = method === undefined ? null : requirementOf(target, method);
    if (!requirement) return uses;
    const middleware = guard(requirement);
    guards.add(middleware);
    return [{ target, method, middleware, afterAction: false }, ...uses];
  };
  assertAttached(storage);
  attached.add(holder);
}

/** Mounts an inherited action on a fake application, and checks that a guard runs before the action. */
function assertAttached(storage: Storage): void {
  class Base {}
  class Probe extends Base {}
  class None {}
  declarations.set(Base, new Map([["act", { roles: [] }]]));
  const { controllers, actions } = storage;
  let handlers: object[] = [];
  const app = {
    get(_route: string, ...mounted: object[]) {
      handlers = mounted;
    },
  };
  try {
    storage.controllers = [{ target: Probe, type: "json", route: "", options: {} }];
    storage.actions = [{ target: Base, method: "act", type: "get", route: "/", options: {} }];
    useExpressServer(app, { controllers: [Probe], middlewares: [None], interceptors: [None] });
  } finally {
    Object.assign(storage, { controllers, actions });
  }
  if (handlers.some((handler) => guards.has(handler))) return;
  throw new LatchkeyError(
    "unsupported_version",
    500,
    "latchkey cannot guard this version of routing-controllers; it supports 0.11",
  );
}
