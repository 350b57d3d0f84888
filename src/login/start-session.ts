import type { ExternalLink } from "../core.js";
import type { RequestContext } from "../current/request-context.js";
import { ResponseStartedError, SessionGoneError, StoreUnavailableError } from "../errors.js";
import { hasBegun } from "../http/before-response.js";
import type { IssuedCookie } from "../remember/remember.js";
import type { NewRemembered } from "../remember/remembered-login.js";
import type { NextSession } from "../session/regenerate.js";

/** A login, and how to put it into a new session. */
interface NamingSession extends Omit<NextSession, "name"> {
  /** As in NextSession. Resolves with the time until which the browser is remembered. */
  name?: (session: string | null) => Promise<number>;
}

/**
 * Saves a login in a new session of the request, and sets a remember cookie if `time` is given. If this fails, the
 * previous login stays, unless its session has ended or belongs to the application's own express-session.
 */
export async function enterSession(
  context: RequestContext,
  next: NamingSession,
  time: NewRemembered | null,
): Promise<void> {
  const { core, req, res, session } = context;
  const { auth } = next;
  session.markPersonal();
  let issued: IssuedCookie | undefined;
  let link: ExternalLink | undefined;
  let instead: string | null = null;
  const name = async (recordId: string | null) => {
    const until = (await next.name?.(recordId)) ?? 0;
    if (issued) {
      if (!(await core.remember.moveTo(issued.series, recordId, { instead }))) throw new SessionGoneError();
    } else if (time) {
      issued = await core.remember.issue(req, auth, time, recordId);
      auth.series = issued.series;
    }
    link ??= await core.externalLogins?.link(auth, Math.max(until, time?.until ?? 0, Date.now()));
    instead = recordId;
  };
  const admit = async () => {
    if (await link?.isEnded()) throw new SessionGoneError();
    await next.admit?.();
  };
  try {
    if (auth.external && core.externalLogins) session.assertListed();
    await session.regenerate({ ...next, name, admit });
  } catch (error) {
    const undoing = core.remember.end(issued?.series ?? null).catch(() => {}); // report only the first error
    if (!(error instanceof StoreUnavailableError)) await undoing;
    if (!context.sessionAuth) context.settleAnonymous();
    throw error;
  }
  if (issued) core.remember.set(req, res, issued);
  await core.devices?.offer(context);
}

/** @throws ResponseStartedError, InsecureConnectionError when no cookie could reach the browser */
export function assertWritable(context: RequestContext, verb: string): void {
  if (hasBegun(context.res)) throw new ResponseStartedError(verb);
  context.session.assertDeliverable();
}

/** @throws ResponseStartedError once the response has begun */
export function assertNotStarted({ res }: RequestContext, verb: string): void {
  if (res.headersSent) throw new ResponseStartedError(verb);
}
