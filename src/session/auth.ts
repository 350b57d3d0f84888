/// <reference types="express-session" preserve="true" />

import type { JsonObject } from "../json.js";
import type { Device } from "../login-fields/device.js";
import type { ExternalLogin } from "../login-fields/external-login.js";
import type { Methods } from "../login-fields/methods.js";
import { isLogin } from "../store/damaged-records.js";
import { LOGIN_FIELDS, lastingFields, OPTIONAL_LOGIN_FIELDS, unknownFields } from "../store/format.js";

declare module "express-session" {
  interface SessionData {
    /** The login. latchkey manages it: change it only with loginUser, logoutUser and confirmLogin. */
    auth?: SessionAuth;
  }

  /**
   * Without a callback, the methods of latchkey's sessions return a promise. The methods of your own express-session do
   * not.
   */
  interface Session {
    save(): Promise<void>;
    reload(): Promise<void>;
    regenerate(): Promise<void>;
    destroy(): Promise<void>;
  }
}

/**
 * The login that a session stores. Timestamps are milliseconds since the epoch. It may have other fields, which a later
 * version of latchkey has added.
 */
export interface SessionAuth {
  /** The version of the format, a whole number. */
  v: number;
  userId: string;
  /** The id of this login. It stays the same when the login moves to a new session. It is not a secret. */
  loginId: string;
  /** When the login began or was last confirmed. */
  loginAt: number;
  /** When the user last gave the credentials; null if the login is not fresh. */
  freshAt: number | null;
  /** The keyed hash of the client that logged in; null if the login is not bound to a client. */
  fingerprint: string | null;
  /** The keyed hash of the user's stamp; null if the user has no stamp. */
  stamp: string | null;
  /** Was the login restored from the remember cookie, and not confirmed since? */
  remembered: boolean;
  /** The id of this browser's record; null if the browser is not remembered, or has no record. */
  series: string | null;
  /** The IP address that the user logged in from; null if unknown or not stored. */
  address: string | null;
  /** The first 256 characters of the User-Agent; null if unknown or not stored. */
  userAgent: string | null;
  /** The methods that the user has used since the login began or was last restored. */
  methods?: Methods;
  /** The methods that the user had used before that. They count for `requiredMethods`, but not for freshness. */
  earlierMethods?: Methods;
  /** The name of the login in lists, such as "Ann's laptop". */
  label?: string;
  /** When the login was last renamed. */
  labeledAt?: number;
  /** The data that the application gave to `loginUser`. */
  data?: JsonObject;
  /**
   * True while the user must still use a method, or while latchkey checks whether `maxSessions` allows the login. A
   * pending login gives no access.
   */
  pending?: true;
  /** If the user must still use a method: the time limit. Such a login does not count toward `maxSessions`. */
  pendingUntil?: number;
  /** If the user must still use a method: how long to remember the user after that, in milliseconds. */
  rememberFor?: number;
  /**
   * The id of the session's record, if the login was imported from a session of express-session that still exists. The
   * login ends with that session, until it moves to another session.
   */
  imported?: string;
  /** The login at an identity provider that this login comes from. `revokeExternal` finds the login by it. */
  external?: ExternalLogin;
  /** The realm of the manager, in a session of the application's own express-session, unless the manager has no realm. */
  realm?: string;
  /**
   * The login of the administrator who acts as the user in this login. This login ends with that login, is never fresh,
   * and does not count toward `maxSessions`.
   */
  impersonator?: OtherLogin;
  /**
   * Set in the login of an administrator who acts as another user: the login of that user. No cookie contains the id
   * of this session until `stopImpersonating` moves its login to a new session. `remember` says how long the browser is
   * remembered.
   */
  parked?: OtherLogin & { remember?: { duration: number; until: number } };
  /** The device that the login is bound to, with the option `deviceBound`. */
  device?: Device;
}

/** The other login of an impersonation. */
export interface OtherLogin {
  userId: string;
  loginId: string;
  /** The id of the session's record. */
  session: string;
}

/** Is this a login that latchkey could have written? A session of another middleware may contain any value. */
export function isAuth(auth: unknown): auth is SessionAuth {
  return isLogin(auth);
}

const KNOWN: Record<keyof SessionAuth, unknown> = { ...LOGIN_FIELDS, ...OPTIONAL_LOGIN_FIELDS };

/**
 * Returns the fields that a login keeps when it continues in another session, such as its label, and the fields that
 * this version does not know, because a later version has added them.
 */
export function continuedFields(auth: object): JsonObject {
  return { ...unknownFields(auth, KNOWN), ...lastingFields(auth) };
}
