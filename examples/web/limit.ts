import type { Request, RequestHandler } from "express";
import { ipKeyGenerator, type Options, rateLimit } from "express-rate-limit";
import { type AnonymousUser, currentUser } from "latchkey";
import { normalizeEmail } from "./accounts.js";
import { field } from "./form.js";
import type { User } from "./user.js";

/** Failures in a quarter of an hour, by one address: for one account, and for all accounts together. */
export const FAILURES_OF_ACCOUNT = 5;
const FAILURES_OF_ADDRESS = 50;
const MINUTES = 15;

/**
 * Refuses to try more passwords after too many wrong ones. Failures are counted by account and address: by the account alone,
 * anybody could lock its owner out. They are counted in memory; several processes share a store of express-rate-limit's.
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
    // An attempt counts as it arrives, and is taken off when it succeeds, so a volley of guesses is counted too.
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_req, res) => res.statusCode < 400,
    standardHeaders: false,
    legacyHeaders: false,
    handler: (_req, _res, next) => next(new TooManyFailures()),
  });
}

/** An IPv6 address stands for its network, for a household has 2^64 of them. */
function address(req: Request): string {
  return ipKeyGenerator(req.ip ?? "");
}

/** Whose password is tried: that of the user who confirms, whatever the form says, or of the e-mail in the form. */
async function account(req: Request): Promise<string> {
  const user = (await currentUser(req)) as User | AnonymousUser;
  return user.isAuthenticated ? (user as User).email : normalizeEmail(field(req, "email"));
}

/** Answered as 429. */
class TooManyFailures extends Error {
  readonly status = 429;
  readonly headers = { "Retry-After": String(MINUTES * 60) };

  constructor() {
    super(`There were too many wrong passwords. Please try again in ${MINUTES} minutes.`);
  }
}
