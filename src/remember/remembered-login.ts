import type { JsonObject } from "../json.js";
import type { Bound } from "../login-fields/device.js";
import type { ExternalLogin } from "../login-fields/external-login.js";
import type { Labeled } from "../login-fields/label.js";
import { type ShownMethods, shownMethods } from "../login-fields/methods.js";
import { lastingFields, OPTIONAL_LOGIN_FIELDS, unknownFields } from "../store/format.js";

/** The fields of a login that its browser's record or cookie has too, in another form. */
export interface KeptFields extends ShownMethods, Labeled, Bound {
  external?: ExternalLogin;
  data?: JsonObject;
}

/** A login whose browser is remembered. */
export interface RememberedLogin extends KeptFields {
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
export function fieldsForRestore(login: KeptFields, before: JsonObject = {}): JsonObject | undefined {
  const earlierMethods = shownMethods(login);
  const hasShown = Object.keys(earlierMethods).length > 0;
  const later = unknownFields(before, OPTIONAL_LOGIN_FIELDS);
  const fields = { ...later, ...lastingFields(login), ...(hasShown && { earlierMethods }) };
  return Object.keys(fields).length > 0 ? fields : undefined;
}

/** Returns these fields as a restored login has them, except those that this version does not know. */
export function restoredFields(fields: JsonObject = {}): KeptFields {
  const { earlierMethods } = fields as KeptFields;
  return { ...(lastingFields(fields) as KeptFields), ...(earlierMethods && { earlierMethods }) };
}

/** The same as a part of a browser's record. */
export function fieldsFor(login: RememberedLogin, before: JsonObject | undefined): { login?: JsonObject } {
  const fields = fieldsForRestore(login, before);
  return fields ? { login: fields } : {};
}
