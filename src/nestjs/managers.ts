import { LoginManager } from "../manager/login-manager.js";
import type { LoginManagerOptions } from "../options/options.js";

/** The token under which `LatchkeyModule` provides its managers to the guards. */
export const MANAGERS: unique symbol = Symbol("latchkey managers");

/** A manager, or the options of one that the module creates. */
export type GivenManager =
  | LoginManager<never, never>
  | LoginManager<object, object>
  | LoginManagerOptions<never, never>
  | LoginManagerOptions<object, object>;

/** One manager, or the managers of an application with several kinds of users. */
export type GivenManagers = GivenManager | readonly GivenManager[];

/** Returns the managers, and creates those that are given as options. @throws OptionError if an option is invalid */
export function managersOf(given: GivenManagers): LoginManager<object, object>[] {
  const all = Array.isArray(given) ? (given as readonly GivenManager[]) : [given as GivenManager];
  return all.map((one) => (one instanceof LoginManager ? one : new LoginManager(one as never)) as never);
}
