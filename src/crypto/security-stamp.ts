import { LatchkeyError } from "../errors.js";
import { kindOf } from "../text.js";
import type { Keyring } from "./keys.js";

/**
 * Keyed hashes of the users' stamps. A stamp is a string of the user's that changes when every login made before must end,
 * such as the password hash. (Django's session auth hash)
 */
export class SecurityStamps {
  readonly #keys: Keyring;
  #hasWarned = false;

  constructor(keys: Keyring) {
    this.#keys = keys;
  }

  /** The hash of the stamp that the user has now, or null for a user without one. */
  of(userId: string, user: object): string | null {
    const stamp = stampOf(user);
    return stamp === undefined ? null : this.#keys.sign(`${userId}\0${stamp}`);
  }

  /**
   * Checks the hash that was kept of a user's stamp.
   *
   * @returns the hash to keep from now on, which is the same or one under the first key; undefined when the stamp is another by now
   */
  check(kept: string | null, userId: string, user: object): string | null | undefined {
    const stamp = stampOf(user);
    if (stamp === undefined && kept === null) return null;
    if (stamp === undefined || typeof kept !== "string") {
      this.#warn(stamp === undefined);
      return undefined;
    }
    const text = `${userId}\0${stamp}`;
    const key = this.#keys.keyOf(text, kept);
    if (key === -1) return undefined;
    return key === 0 ? kept : this.#keys.sign(text);
  }

  /** Warns once if a login ended only because `loginUser` and `userLoader` got differently made objects of one user. */
  #warn(isLoaderWithout: boolean): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const [login, loader] = isLoaderWithout ? ["with", "without"] : ["without", "with"];
    process.emitWarning(
      `a login ended because loginUser got a user ${login} getSessionStamp(), and userLoader returned one ${loader} it. ` +
        "Make the object for both in one function. (Old logins also end like this when an application adds or removes stamps)",
      "LatchkeyStampWarning",
    );
  }
}

/** Does this user have a stamp? */
export function hasStamp(user: object): boolean {
  return typeof (user as { getSessionStamp?: unknown }).getSessionStamp === "function";
}

function stampOf(user: object): string | undefined {
  const { getSessionStamp } = user as { getSessionStamp?: () => unknown };
  if (typeof getSessionStamp !== "function") return undefined;
  const stamp = getSessionStamp.call(user);
  // A column that was not selected, or a promise, would be the same stamp for ever.
  if (stamp !== null && ["undefined", "object", "function"].includes(typeof stamp)) {
    throw new LatchkeyError(
      "invalid_stamp",
      500,
      `getSessionStamp() returned ${kindOf(stamp)}; it must return a string`,
    );
  }
  return String(stamp);
}
