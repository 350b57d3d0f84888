import { OptionError } from "../errors.js";
import type { Freshness } from "../login/freshness.js";
import type { Requirement } from "./guards.js";

/** What the decorators of a class or an action say. */
export type Declaration = Requirement | "public";

/** The declarations of one class: for the class itself (under CLASS) and for its methods. */
type Declared = Map<string | symbol, Declaration>;

/** The key of what a class declares for its actions. */
export const CLASS: unique symbol = Symbol("class");
const declarations = new WeakMap<object, Declared>();
/**
 * What is declared for functions, which an application may copy to other classes. "public" never replaces a
 * requirement.
 */
const ofFunctions = new WeakMap<object, Declaration>();

/**
 * Stores what a decorator declares for a class or for one of its methods. Several requirements are combined.
 *
 * @param method the function of the method; the declaration also applies if it is copied to another class
 *
 * @throws OptionError if the class or the method is already declared, or its base class is, and the two contradict each
 * other
 */
export function remember(target: object, key: PropertyKey, declaration: Declaration, method?: object): void {
  const declared: Declared = declarations.get(target) ?? new Map();
  declarations.set(target, declared);
  const { name } = target as { name: string };
  const label = key === CLASS ? name : labelOf(target, key);
  if (key === CLASS && declaration === "public") assertUnguardedBase(target, name);
  const previous = declared.get(nameOf(key));
  if (previous !== undefined && (previous === "public") !== (declaration === "public")) {
    throw new OptionError("@Public", `${label} is declared both public and guarded`);
  }
  const combined =
    isRequirement(previous) && isRequirement(declaration) ? both(previous, declaration, label) : declaration;
  declared.set(nameOf(key), combined);
  if (!method) return;
  const before = ofFunctions.get(method);
  if (!isRequirement(before)) ofFunctions.set(method, combined);
  else if (isRequirement(declaration)) ofFunctions.set(method, both(before, declaration, label));
}

/** Is a method written in this class, and not only in a base class? */
export type IsWrittenIn = (target: object, method: PropertyKey) => boolean;

/**
 * Returns what the decorators say about a controller's action; null if they say nothing.
 *
 * Requirements of the class, of every base class and of every declaration of the method are combined. If a class
 * declares the method public, the requirements of that class and of its base classes are ignored. A class that is
 * public opens an action only if nothing else requires a login for it. It does not open the actions that subclasses add
 * or override.
 *
 * @param isWrittenIn by default, whether the class has a method with this name
 */
export function declarationOf(
  controller: object,
  method: PropertyKey,
  isWrittenIn: IsWrittenIn = hasMethod,
): Declaration | null {
  let requirement: Requirement | null = null;
  let isPublic = false;
  let isBelow = false; // is the method written in a subclass of the target?
  for (const target of ancestry(controller)) {
    const ofClass = declarations.get(target)?.get(CLASS);
    const ofMethod = ofMethodIn(target, method);
    isPublic ||= ofMethod === "public" || (ofClass === "public" && !isBelow);
    if (ofMethod === "public") break;
    for (const found of [ofClass, ofMethod]) {
      if (isRequirement(found))
        requirement = requirement ? both(requirement, found, labelOf(controller, method)) : found;
    }
    isBelow ||= isWrittenIn(target, method);
  }
  return requirement ?? (isPublic ? "public" : null);
}

/** Is a method itself declared public, in a class or in one of its base classes? */
export function isPublicMethod(controller: object, method: PropertyKey): boolean {
  return [...ancestry(controller)].some((target) => ofMethodIn(target, method) === "public");
}

/** What a class itself declares for a method, or what another class declares for a method that was copied from there. */
function ofMethodIn(target: object, method: PropertyKey): Declaration | undefined {
  const declared = declarations.get(target)?.get(nameOf(method));
  if (declared !== undefined) return declared;
  const { prototype } = target as { prototype?: object };
  const own: unknown = prototype && Object.getOwnPropertyDescriptor(prototype, method)?.value;
  return typeof own === "function" ? ofFunctions.get(own) : undefined;
}

/** Yields a class and its base classes. */
export function* ancestry(controller: object): Generator<object> {
  for (let target = controller; target && target !== Function.prototype; target = Object.getPrototypeOf(target))
    yield target;
}

function isRequirement(declaration: Declaration | undefined): declaration is Requirement {
  return declaration !== undefined && declaration !== "public";
}

/** A class cannot be public if its base class is guarded, because the base class guards the actions of its subclasses. */
function assertUnguardedBase(target: object, name: string): void {
  for (const base of ancestry(Object.getPrototypeOf(target))) {
    if (!isRequirement(declarations.get(base)?.get(CLASS))) continue;
    throw new OptionError(
      "@Public",
      `${name} is declared public, but its base class ${(base as { name: string }).name} is guarded; put @Public() on single actions`,
    );
  }
}

/** Does the class itself have the method? */
export function hasMethod(target: object, method: PropertyKey): boolean {
  return Object.hasOwn((target as { prototype: object }).prototype, method);
}

/** Returns a method's name as a key, because the name may also be a symbol or a number. */
export function nameOf(key: PropertyKey): string | symbol {
  return typeof key === "symbol" ? key : String(key);
}

/** The name of a method in error messages. */
function labelOf(target: object, method: PropertyKey): string {
  return `${(target as { name: string }).name}.${String(method)}`;
}

/** @throws OptionError if the requirements are for different kinds of users */
function both(a: Requirement, b: Requirement, label: string): Requirement {
  const { realm } = a;
  if (b.realm !== realm) {
    const named = [realm, b.realm].map((one) => (one === undefined ? "the first manager" : `the realm ${one}`));
    throw new OptionError(
      "decorators",
      `${label} is guarded for users of ${named.join(" and of ")}; choose one of them`,
    );
  }
  const roles = [...a.roles, ...b.roles];
  const deviceBound = a.deviceBound ?? b.deviceBound;
  const fresh = a.fresh && b.fresh ? strictest(a.fresh, b.fresh) : (a.fresh ?? b.fresh);
  return {
    ...(fresh && { fresh }),
    roles,
    ...(realm !== undefined && { realm }),
    ...((a.notImpersonated || b.notImpersonated) && { notImpersonated: true }),
    ...(deviceBound && { deviceBound }),
  };
}

function strictest(a: Freshness, b: Freshness): Freshness {
  const within = Math.min(a.within ?? Number.POSITIVE_INFINITY, b.within ?? Number.POSITIVE_INFINITY);
  const methods = [...new Set([...(a.methods ?? []), ...(b.methods ?? [])])];
  return {
    ...(within < Number.POSITIVE_INFINITY && { within }),
    ...(methods.length > 0 && { methods }),
    ...((a.required || b.required) && { required: true }),
  };
}
