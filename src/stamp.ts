import { Keyring } from "./keys.js";

/**
 * Keyed hashes of the users' stamps. A stamp is a string of the user's that changes when every login made before must end,
 * such as the password hash. (Django's session auth hash)
 */
export class Stamps {
  readonly #keys: Keyring;

  constructor(secrets: readonly string[]) {
    this.#keys = new Keyring(secrets, "stamp");
  }

  /** The hash of the stamp that the user has now, or null for a user without one. */
  of(userId: string, user: object): string | null {
    const stamp = stampOf(user);
    return stamp === undefined ? null : this.#keys.sign(`${userId}\0${stamp}`);
  }

  /** Is this the hash of the stamp that the user has now, under any of the keys? */
  matches(stored: string | null, userId: string, user: object): boolean {
    const stamp = stampOf(user);
    if (stamp === undefined || typeof stored !== "string") return stamp === undefined && stored === null;
    return this.#keys.verify(`${userId}\0${stamp}`, stored);
  }
}

function stampOf(user: object): string | undefined {
  const { getSessionStamp } = user as { getSessionStamp?: () => string };
  return typeof getSessionStamp === "function" ? String(getSessionStamp.call(user)) : undefined;
}
