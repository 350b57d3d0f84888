import { OptionError, unexpected } from "../errors.js";
import { LoginManager } from "../manager/login-manager.js";
import { isObjectOrArray } from "../objects.js";
import type { LoginManagerOptions } from "../options/options.js";
import { kindOf } from "../text.js";

/** The token of the managers. NestJS shows it in its error if somebody imports `LatchkeyModule` without `forRoot`. */
export const MANAGERS: unique symbol = Symbol("the managers of LatchkeyModule.forRoot()");

/**
 * A manager, or the options of one that the module creates.
 *
 * The type picks what all managers have in common. With the manager's method `userLoader`, TypeScript could not infer the
 * type of `id` in the option `userLoader`.
 */
export type GivenManager =
  | Pick<LoginManager<object, object>, "init" | "session" | "middleware" | "options">
  | LoginManagerOptions<never, never>
  | LoginManagerOptions<object, object>;

/** One manager, or the managers of an application with several kinds of users. */
export type GivenManagers = GivenManager | readonly GivenManager[];

/**
 * Returns the managers, and creates those that are given as options.
 *
 * @throws OptionError if there is no manager, or if an option is invalid
 */
export function managersOf(given: GivenManagers): LoginManager<object, object>[] {
  const all: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (all.length === 0)
    throw new OptionError("LatchkeyModule", "expected at least one LoginManager, not an empty list");
  return all.map((one) => (one instanceof LoginManager ? one : new LoginManager(checkOptions(one))));
}

function checkOptions(given: unknown): LoginManagerOptions<object, object> {
  if (isObjectOrArray(given) && !(given instanceof Promise)) return given as LoginManagerOptions<object, object>;
  throw unexpected("LatchkeyModule", "a LoginManager, its options, or a list of them", kindOf(given));
}
