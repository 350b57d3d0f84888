import type { Request, RequestHandler } from "express";
import { ipKeyGenerator, type Options, rateLimit } from "express-rate-limit";
import { type AnonymousUser, currentUser } from "latchkey";
import { normalizeEmail } from "./accounts.js";
import { field } from "./form.js";
import type { User } from "./user.js";

/** The allowed failures of one address in 15 minutes: for one account, and for all accounts together. */
export const FAILURES_OF_ACCOUNT = 5;
const FAILURES_OF_ADDRESS = 50;
const MINUTES = 15;

/**
 * Rejects further passwords after too many wrong ones. It counts failures per account and address. If it counted per
 * account only, anybody could lock out the owner. It counts in memory. Several processes need a shared
 * express-rate-limit store.
 */
export function limitFailures(): RequestHandler[] {
  return [
    limiter({ limit: FAILURES_OF_ACCOUNT, keyGenerator: async (req) => `${address(req)} ${await account(req)}` }),
    limiter({ limit: FAILURES_OF_ADDRESS, keyGenerator: address }),
  ];
}

function limiter(options: Partial<Options>): RequestHandler {
  return rateLimit({
    ...options,
    windowMs: MINUTES * 60_000,
    // Each attempt is counted on arrival and subtracted if it succeeds, so concurrent guesses are counted too.
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_req, res) => res.statusCode < 400,
    standardHeaders: false,
    legacyHeaders: false,
    handler: (_req, _res, next) => next(new TooManyFailures()),
  });
}

/** Returns the IP address, or the network of an IPv6 address, because one household has 2^64 of those. */
function address(req: Request): string {
  return ipKeyGenerator(req.ip ?? "");
}

/** Returns the e-mail of the account whose password is tried: the logged-in user's, or else the one in the form. */
async function account(req: Request): Promise<string> {
  const user = (await currentUser(req)) as User | AnonymousUser;
  return user.isAuthenticated ? (user as User).email : normalizeEmail(field(req, "email"));
}

/** Sent as 429. */
class TooManyFailures extends Error {
  readonly status = 429;
  readonly headers = { "Retry-After": String(MINUTES * 60) };

  constructor() {
    super(`There were too many wrong passwords. Please try again in ${MINUTES} minutes.`);
  }
}
