import type { Request } from "express";
import type { Core } from "../core.js";
import type { EndReason } from "../events.js";
import { isAddressLost } from "../http/client.js";
import { ageOf } from "../instants.js";
import { hasMethods, staleMethods } from "../login-fields/methods.js";
import type { VerifyRemembered } from "../remember/remember.js";
import type { SessionAuth } from "../session/auth.js";
import { isAuthenticatedUser } from "../user.js";
import { impersonatorIn } from "./impersonator.js";
import { userById } from "./loaded-user.js";
import type { LoadedUser } from "./request-context.js";
import { missingIn } from "./required-methods.js";

/**
 * Resolves with the user if the login is still valid, even if it is not complete; otherwise with the reason why the
 * login must end. If another client uses the session, basic session protection makes the login no longer fresh. Hashes
 * that were made with an older secret are replaced by hashes made with the first secret.
 *
 * Resolves with null if it is unknown whether the client is the same, because it has disconnected. The login then stays
 * as it is, but is not valid for this request.
 *
 * @param change changes the login in its session; does nothing if the request must not write
 */
export async function verify(
  core: Core,
  req: Request,
  auth: SessionAuth,
  change: (changes: Partial<SessionAuth>) => void,
): Promise<LoadedUser | EndReason | null> {
  const { absoluteTimeout, sessionProtection } = core.options;
  const age = ageOf(auth.loginAt);
  if (Number.isNaN(age)) return "clock";
  if (age >= absoluteTimeout) return "absolute timeout";

  if (sessionProtection && auth.fingerprint !== null) {
    const fingerprint = core.clients.check(auth.fingerprint, auth.loginId, req);
    if (fingerprint === undefined) {
      if (isAddressLost(req)) return null;
      if (core.clients.isNew(auth, req))
        core.events.emit("sessionProtected", { req, userId: auth.userId, mode: sessionProtection });
      if (sessionProtection === "strong") return "session protection";
      if (auth.freshAt !== null || hasMethods(auth)) change({ freshAt: null, ...staleMethods(auth) });
    } else if (fingerprint !== auth.fingerprint) change({ fingerprint });
  }

  const impersonator = auth.impersonator && (await impersonatorIn(core, req, auth.impersonator));
  if (impersonator === null) return "impersonator";
  const user = await userById(core, req, auth.userId);
  if (!user) return "unknown user";
  const stamp = core.stamps.check(auth.stamp, auth.userId, user);
  if (stamp === undefined) return "stamp changed";
  if (stamp !== auth.stamp) change({ stamp });
  const authenticated = isAuthenticatedUser(user);
  // The administrator has used the methods that are required of the administrator. Those of the user are not asked for.
  if (impersonator) return authenticated ? { user, authenticated, impersonator } : "inactive user";
  if (!authenticated || (!auth.pending && !core.options.requiredMethods)) return { user, authenticated };
  const missing = await missingIn(core, req, user, auth);
  const isComplete = !auth.pending && missing.length === 0;
  return isComplete ? { user, authenticated } : { user, authenticated: false, missing };
}

/** Returns a function that checks the user and the stamp, to decide whether a remember cookie may restore a login. */
export function verifyRemembered(core: Core, req: Request): VerifyRemembered {
  return async (userId, stored) => {
    const user = await userById(core, req, userId);
    const stamp = user ? core.stamps.check(stored, userId, user) : undefined;
    if (!user || stamp === undefined) return null;
    return isAuthenticatedUser(user) ? { user, stamp } : "inactive";
  };
}
