import { OptionError } from "./errors.js";
import { isFreshAt } from "./instants.js";
import { kindOf, shown } from "./text.js";

/**
 * The methods that a user has shown, each with the time when it was last shown, in milliseconds since the epoch. A
 * method is how users prove who they are: `"pwd"`, `"otp"` or another name, preferably from RFC 8176.
 */
export type Methods = Readonly<Record<string, number>>;

/** The fields of a login that say which methods the user has shown. */
export interface ShownMethods {
  methods?: Methods;
  earlierMethods?: Methods;
}

const NAME = /^[A-Za-z0-9][\w.:-]{0,31}$/;
const MOST = 16;

/** Returns the names without duplicates. @throws OptionError if the value is not an array of valid names */
export function checkMethods(option: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) {
    throw new OptionError(option, `expected an array of methods, such as ["pwd"], not ${kindOf(value)}`);
  }
  if (value.length > MOST) throw new OptionError(option, `expected at most ${MOST} methods, not ${value.length}`);
  for (const name of value as unknown[]) {
    if (typeof name === "string" && NAME.test(name)) continue;
    throw new OptionError(
      option,
      `expected names of 1 to 32 letters, digits, "_", ".", ":" and "-", such as "otp", not ${shown(name)}`,
    );
  }
  return [...new Set(value as string[])];
}

/**
 * Returns the methods of a login after the user has shown these methods at `shownAt`. If `shownAt` is null, they were
 * shown at an unknown time, so they do not count for freshness.
 */
export function noteMethods(before: ShownMethods, names: readonly string[], shownAt: number | null): ShownMethods {
  const noted = Object.fromEntries(names.map((name) => [name, shownAt ?? Date.now()]));
  const methods = shownAt === null ? before.methods : { ...before.methods, ...noted };
  const earlier = shownAt === null ? { ...before.earlierMethods, ...noted } : before.earlierMethods;
  return fieldsOf(methods, earlier);
}

/** Returns the methods of a login that is no longer fresh. */
export function staleMethods(login: ShownMethods): ShownMethods {
  return login.methods ? { methods: {}, earlierMethods: shownMethods(login) } : {};
}

/** Returns all methods that the user has shown. */
export function shownMethods({ methods, earlierMethods }: ShownMethods): Methods {
  return { ...earlierMethods, ...methods };
}

/** Returns the methods that the user has not shown. */
export function missingMethods(required: readonly string[], login: ShownMethods): string[] {
  const all = shownMethods(login);
  return required.filter((name) => !Object.hasOwn(all, name));
}

/** Returns the methods that the user has not shown within this time, in milliseconds. */
export function staleOrMissing(required: readonly string[], { methods = {} }: ShownMethods, within: number): string[] {
  return required.filter((name) => !Object.hasOwn(methods, name) || !isFreshAt(methods[name]!, within));
}

function fieldsOf(methods: Methods | undefined, earlierMethods: Methods | undefined): ShownMethods {
  return { ...(hasAny(methods) && { methods }), ...(hasAny(earlierMethods) && { earlierMethods }) };
}

function hasAny(methods: Methods | undefined): methods is Methods {
  return methods !== undefined && Object.keys(methods).length > 0;
}
