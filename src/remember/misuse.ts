import type { Request } from "express";
import type { TokenUse } from "../events.js";
import { isAddressLost } from "../http/client.js";
import type { PresentedToken } from "./presented-token.js";

/** The use of a token that was already used up. */
export interface TokenMisuse {
  req: Request;
  userId: string;
  loginId: string;
  /** The id of the browser's record. */
  series: string;
  /** The record ids of the sessions that the browser's record names. */
  sessions: readonly string[];
  /** Has this request ended the record already? */
  isEnded: boolean;
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

/** Reports a used-up token. @param isEnded has this request ended the browser's record already? */
export async function reportMisuse(
  onMisuse: OnMisuse,
  req: Request,
  { id: series, record, browser, isPrevious }: PresentedToken,
  isEnded = false,
): Promise<void> {
  if (isAddressLost(req)) return; // it may be the browser's own request
  const { userId, loginId, sessions, address, userAgent } = browser;
  const last = { address, userAgent, at: record.lastSeenAt };
  const misuse = { req, userId, loginId, series, sessions, isEnded, last };
  await (isPrevious ? onMisuse.stale(misuse) : onMisuse.theft(misuse));
}
