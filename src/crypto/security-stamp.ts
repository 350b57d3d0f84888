import { LatchkeyError } from "../errors.js";
import { kindOf } from "../text.js";
import type { StoredHashes } from "./stored-hashes.js";

/**
 * Computes keyed hashes of users' stamps. A stamp is a string, such as the password hash. When it changes, all earlier
 * logins of the user end. (Django's session auth hash)
 */
export class SecurityStamps {
  readonly #hashes: StoredHashes;
  #hasWarned = false;

  constructor(hashes: StoredHashes) {
    this.#hashes = hashes;
  }

  /** Returns the hash of the user's current stamp, or null for a user without one. */
  of(userId: string, user: object): string | null {
    const stamp = stampOf(user);
    return stamp === undefined ? null : this.#hashes.of(`${userId}\0${stamp}`);
  }

  /**
   * Checks the stored hash of a user's stamp.
   *
   * @returns the hash to store from now on: the stored hash, or a new hash with the first key; undefined if the stamp
   * has changed
   */
  check(kept: string | null, userId: string, user: object): string | null | undefined {
    const stamp = stampOf(user);
    if (stamp === undefined && kept === null) return null;
    if (stamp === undefined || typeof kept !== "string") {
      this.#warn(stamp === undefined);
      return undefined;
    }
    return this.#hashes.check(kept, `${userId}\0${stamp}`);
  }

  /**
   * Warns once that a login may have ended for the wrong reason: only one of the objects from `loginUser` and
   * `userLoader` has a stamp.
   */
  #warn(isMissingInLoader: boolean): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const [login, loader] = isMissingInLoader ? ["with", "without"] : ["without", "with"];
    process.emitWarning(
      `a login ended because loginUser got a user ${login} getSessionStamp(), and userLoader returned one ${loader} it. ` +
        "Create both with the same function. (This also happens to old logins when an application adds or removes stamps)",
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
  // Reject undefined (for example, an unselected column) and promises, because their text would never change.
  if (stamp !== null && ["undefined", "object", "function"].includes(typeof stamp)) {
    throw new LatchkeyError(
      "invalid_stamp",
      500,
      `getSessionStamp() returned ${kindOf(stamp)}; it must return a string`,
    );
  }
  return String(stamp);
}
