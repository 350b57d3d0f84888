import { OptionError, unexpected } from "../errors.js";
import { freshFrom, isFreshAt } from "../instants.js";
import { isObject } from "../json.js";
import { kindOf, shown } from "../text.js";

/**
 * The methods that a user has used, each with the time when it was last used, in milliseconds since the epoch. A
 * method is how users prove who they are: `"pwd"`, `"otp"` or another name, preferably from RFC 8176.
 */
export type Methods = Readonly<Record<string, number>>;

/** The fields of a login that say which methods the user has used. */
export interface ShownMethods {
  methods?: Methods;
  earlierMethods?: Methods;
}

const NAME = /^[A-Za-z0-9][\w.:-]{0,31}$/;
const MOST = 16;

/**
 * The methods that the user has used: their names, or an object that says when each was used, as a Date or in
 * milliseconds since the epoch.
 */
export type MethodsGiven = readonly string[] | Readonly<Record<string, Date | number>>;

/**
 * Returns the methods with their times.
 *
 * @param shownAt the time of the methods that are given by name; null if it is unknown
 *
 * @throws OptionError if the value is not valid methods with valid times
 */
export function methodsFrom(
  option: string,
  value: unknown,
  shownAt: number | null,
): ReadonlyArray<[string, number | null]> {
  if (!isObject(value)) {
    return checkMethods(option, value).map((name) => [name, shownAt]);
  }
  if (Symbol.iterator in value) {
    throw new OptionError(
      option,
      "expected an array, or an object such as { pwd: time }, not a Map, a Set or the like",
    );
  }
  return checkMethods(option, Object.keys(value)).map((name) => {
    const at = (value as Record<string, Date | number | undefined>)[name];
    // An undefined time is a method that was not used, and not one that was used now.
    if (at === undefined) throw new OptionError(`${option}.${name}`, "expected a Date or milliseconds, not undefined");
    return [name, freshFrom(at, `${option}.${name}`)];
  });
}

/** Returns the names without duplicates. @throws OptionError if the value is not an array of valid names */
export function checkMethods(option: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) {
    throw unexpected(option, 'an array of methods, such as ["pwd"]', kindOf(value));
  }
  if (value.length > MOST) throw unexpected(option, `at most ${MOST} methods`, value.length);
  for (const name of value as unknown[]) {
    if (typeof name === "string" && NAME.test(name)) continue;
    throw unexpected(option, 'names of 1 to 32 letters, digits, "_", ".", ":" and "-", such as "otp"', shown(name));
  }
  return [...new Set(value as string[])];
}

/**
 * Returns the methods of a login after the user has used these methods. If the time of a method is null, it was used
 * at an unknown time, so it does not count for freshness.
 */
export function noteMethods(before: ShownMethods, shown: ReadonlyArray<[string, number | null]>): ShownMethods {
  const methods = { ...before.methods };
  const earlierMethods = { ...before.earlierMethods };
  for (const [name, at] of shown) {
    if (at === null) earlierMethods[name] = Date.now();
    else methods[name] = Math.max(at, Object.hasOwn(methods, name) ? methods[name]! : 0);
  }
  return { ...(hasAny(methods) && { methods }), ...(hasAny(earlierMethods) && { earlierMethods }) };
}

/** Returns the methods of a login after it has stopped being fresh. */
export function staleMethods(login: ShownMethods): ShownMethods {
  return login.methods ? { methods: {}, earlierMethods: shownMethods(login) } : {};
}

/** Does a method of the login count for freshness? */
export function hasMethods({ methods = {} }: ShownMethods): boolean {
  return hasAny(methods);
}

/** Returns all methods that the user has used. */
export function shownMethods({ methods, earlierMethods }: ShownMethods): Methods {
  return { ...earlierMethods, ...methods };
}

/** Returns the methods that the user has not used. */
export function missingMethods(required: readonly string[], login: ShownMethods): string[] {
  const all = shownMethods(login);
  return required.filter((name) => !Object.hasOwn(all, name));
}

/** Returns the methods that the user has not used within this time, in milliseconds. */
export function staleOrMissing(required: readonly string[], { methods = {} }: ShownMethods, within: number): string[] {
  return required.filter((name) => !Object.hasOwn(methods, name) || !isFreshAt(methods[name]!, within));
}

function hasAny(methods: Methods): boolean {
  return Object.keys(methods).length > 0;
}
