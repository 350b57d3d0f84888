import { isLogin } from "../store/damaged-records.js";

/** Who is logged in, as the session keeps it. Instants are milliseconds since the epoch. */
export interface SessionAuth {
  userId: string;
  /** Names this login, in all the sessions that it moves through; no secret. */
  loginId: string;
  /** When the login began, or was confirmed. */
  loginAt: number;
  /** When credentials were last seen; null when they were not, or no longer count. */
  freshAt: number | null;
  /** The client that logged in; null when the login is bound to none. */
  fingerprint: string | null;
  /** The keyed hash of the user's stamp; null when the user has none. */
  stamp: string | null;
  /** Restored from the remember cookie, and not confirmed since? */
  remembered: boolean;
  /** The id of the record of this remembered browser; null when it is not, or has none. */
  series: string | null;
  /** Where it was logged in from: an IP address; null when unknown. */
  address: string | null;
  /** The first 256 characters of the User-Agent; null when unknown. */
  userAgent: string | null;
  /**
   * Opens nothing yet: a new login that was not admitted, which counts among the user's logins but is none, or one that continues
   * another session's, while that one ends.
   */
  pending?: "new" | "continued";
}

/** Could latchkey have written this login? Of a session that it does not keep itself, anything may be there. */
export function isAuth(auth: unknown): auth is SessionAuth {
  return isLogin(auth);
}
