import type { Request } from "express";
import { type LoginManager, pendingUser } from "latchkey";
import type { Account } from "./account.js";
import type { Accounts } from "./accounts.js";

/** What the controllers use. */
export interface Site {
  accounts: Accounts;
  login: LoginManager<Account>;
  /** The address of the site, such as "https://example.com". */
  origin: string;
  secret: string;
}

/** The page after a login when the user requested no other page. */
export const HOME = "/security";

/** Returns the account whose factor is asked for: of a login that is not complete, or else of the current login. */
export async function accountOf(req: Request): Promise<Account | undefined> {
  return ((await pendingUser(req)) ?? req.user) as Account | undefined;
}

/** Returns the secret that signs the cookie of trusted browsers. It changes with the password and at a revocation. */
export function trustSecret({ secret }: Site, { passwordHash, revocations }: Account): string {
  return `${secret} ${passwordHash} ${revocations}`;
}

/**
 * Ends all other logins of the account, and the trust in its browsers. The trust ends first: if the second call fails,
 * no login that the user wanted to end leaves a trusted browser behind.
 */
export async function endOtherLogins({ accounts, login }: Site, account: Account): Promise<void> {
  await accounts.noteRevocation(account.id);
  await login.sessions.revokeAll(account, { exceptCurrent: true });
}
