import type { RequestHandler } from "express";
import { currentUser, freshLoginRequired } from "latchkey";
import type { Account } from "./account.js";
import type { Site } from "./site.js";

const secondFactor = freshLoginRequired({ within: "10m", methods: ["mfa"] });

/**
 * Requires the second factor of the last ten minutes if the account has one. Otherwise a person who knows only the
 * password could add a factor of their own. Use it together with `@Fresh`, which requires the login.
 */
export const secondFactorIfAny: RequestHandler = async (req, res, next) => {
  const { hasSecondFactor } = (await currentUser(req)) as Partial<Account>;
  if (hasSecondFactor) secondFactor(req, res, next);
  else next();
};

/**
 * Ends all other logins of the account, and the trust in its browsers. The trust ends first: if the second call fails,
 * no login that the user wanted to end leaves a trusted browser behind.
 */
export async function endOtherLogins({ accounts, login }: Site, account: Account): Promise<void> {
  await accounts.noteRevocation(account.id);
  await login.sessions.revokeAll(account, { exceptCurrent: true });
}
