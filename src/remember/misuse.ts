import type { Request } from "express";
import type { TokenUse } from "../events.js";

/** The use of a token that was already used up. */
export interface TokenMisuse {
  req: Request;
  userId: string;
  loginId: string;
  /** The id of the browser's record. */
  series: string;
  /** The record ids of the sessions that the browser's record names. */
  sessions: readonly string[];
  /** Where and when the last restore was made. */
  last: TokenUse;
}

/** Handles the use of a used-up token, and ends the logins that another person may be using. */
export interface OnMisuse {
  /** Called for the previous token, after the grace period. A response was lost, or the cookie was copied. */
  stale(misuse: TokenMisuse): Promise<void>;
  /** Called for an older token. Two browsers have the cookie. */
  theft(misuse: TokenMisuse): Promise<void>;
}
