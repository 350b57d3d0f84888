import type { Core } from "../core.js";
import type { NewRemembered } from "../remember/remembered-login.js";
import type { SessionAuth } from "../session/auth.js";

/**
 * Marks a new login as not complete.
 *
 * @param rememberFor how long to remember the user once the login is complete, in milliseconds
 */
export function setPending({ options }: Core, auth: SessionAuth, rememberFor: number | undefined): void {
  auth.pending = true;
  auth.pendingUntil = Date.now() + options.methodTimeout;
  if (rememberFor !== undefined) auth.rememberFor = rememberFor;
}

/** Marks a login as still not complete, with the limits of the login that it continues. */
export function keepPending(auth: SessionAuth, { pendingUntil, rememberFor }: SessionAuth): void {
  auth.pending = true;
  if (pendingUntil !== undefined) auth.pendingUntil = pendingUntil;
  if (rememberFor !== undefined) auth.rememberFor = rememberFor;
}

/** Returns how long a new remember cookie lasts; null if `duration` is undefined. */
export function timeFor(duration: number | undefined): NewRemembered | null {
  return duration === undefined ? null : { duration, until: Date.now() + duration };
}
