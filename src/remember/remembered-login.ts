import type { JsonObject } from "../json.js";
import { type Methods, type ShownMethods, shownMethods } from "../methods.js";

/** A login whose browser is remembered. */
export interface RememberedLogin extends ShownMethods {
  userId: string;
  loginId: string;
  /** The keyed hash of the user's stamp. */
  stamp: string | null;
}

/** How long a browser is remembered. */
export interface RememberedTime {
  /** The requested duration, in milliseconds. */
  duration: number;
  /** When the duration is over, in milliseconds since the epoch. */
  until: number;
}

/** How long a new cookie remembers a browser. */
export interface NewRemembered extends RememberedTime {
  /** The data of a later version, from the cookie that the new cookie replaces. */
  later?: JsonObject | undefined;
}

/**
 * Returns the fields of a login that a restore puts into the new session; undefined if there are none.
 *
 * @param before the fields that the browser's record or cookie has so far. Fields of a later version are kept.
 */
export function fieldsForRestore(login: ShownMethods, before: JsonObject = {}): JsonObject | undefined {
  const { earlierMethods: _, ...later } = before;
  const earlierMethods = shownMethods(login);
  const fields = Object.keys(earlierMethods).length > 0 ? { ...later, earlierMethods } : later;
  return Object.keys(fields).length > 0 ? fields : undefined;
}

/** Returns the methods in these fields, as a restored login has them. */
export function restoredMethods(fields: JsonObject | undefined): ShownMethods {
  const earlierMethods = fields?.earlierMethods as Methods | undefined;
  return earlierMethods ? { earlierMethods } : {};
}
