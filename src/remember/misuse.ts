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

/** Ends the logins that a used-up token calls into doubt. */
export interface OnMisuse {
  /** The previous token, after the grace period: a response was lost, or the cookie was copied. */
  stale(misuse: TokenMisuse): Promise<void>;
  /** An older token: two browsers have the cookie. */
  theft(misuse: TokenMisuse): Promise<void>;
}
