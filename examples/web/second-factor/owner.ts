import type { Request } from "express";
import { pendingUser } from "latchkey";
import type { Site } from "../site.js";
import type { User } from "../user.js";

/** Returns the user whose factor is asked for: of a login that is not complete, or else of the current login. */
export async function factorOwner(req: Request): Promise<User | undefined> {
  return ((await pendingUser(req)) ?? req.user) as User | undefined;
}

/** Returns the secret that signs the cookie of trusted browsers. It changes with the password and at a revocation. */
export function trustSecret({ secret }: Site, { passwordHash, revocations }: User): string {
  return `${secret} ${passwordHash} ${revocations}`;
}

/**
 * Ends all other logins of the user, and the trust in the user's browsers. The trust ends first: if the second call
 * fails, no login that the user wanted to end leaves a trusted browser behind.
 */
export async function endOtherLogins({ factors, login }: Site, user: User): Promise<void> {
  await factors.noteRevocation(user.id);
  await login.sessions.revokeAll(user, { exceptCurrent: true });
}
