/// <reference types="express-session" preserve="true" />
import { isLogin } from "../store/damaged-records.js";

declare module "express-session" {
  interface SessionData {
    /** latchkey's: who is logged in. Change it through loginUser, logoutUser and confirmLogin only. */
    auth?: SessionAuth;
  }

  /** The verbs of a session of latchkey's without a callback. Those of an express-session of your own give no promise. */
  interface Session {
    save(): Promise<void>;
    reload(): Promise<void>;
    regenerate(): Promise<void>;
    destroy(): Promise<void>;
  }
}

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
  /** Set while the login gives no access yet, because `maxSessions` has not admitted it: it counts toward the user's logins. */
  pending?: true;
}

/** Could latchkey have written this login? A session that latchkey does not keep itself may contain anything. */
export function isAuth(auth: unknown): auth is SessionAuth {
  return isLogin(auth);
}
