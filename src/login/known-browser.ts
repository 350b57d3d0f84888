import type { Request } from "express";
import { contextOf, type RequestContext } from "../current/request-context.js";
import { required } from "../options/part.js";
import { assertNotStarted } from "./start-session.js";

/** Emits `loggedIn`, and notes that the user has logged in with this browser. */
export function emitLoggedIn({ core, req, res }: RequestContext, user: object, userId: string): void {
  const browser = core.knownBrowsers?.note(req, res, userId);
  core.events.emit("loggedIn", { req, user, ...(browser && { browser }) });
}

/**
 * Removes the cookie of the option `knownBrowsers` from the browser. Then the next login of each user counts as a
 * login in a new browser. Nobody is logged out.
 *
 * @throws OptionError if the manager does not have the option `knownBrowsers`
 * @throws ResponseStartedError if the response has begun
 */
export function forgetKnownBrowser(req: Request): void {
  forgetKnownBrowserIn(contextOf(req));
}

/** The same for a manager. */
export function forgetKnownBrowserIn(context: RequestContext): void {
  const { core, req, res } = context;
  const known = required(core.knownBrowsers, "knownBrowsers", "forgetKnownBrowser()");
  assertNotStarted(context, "forgetKnownBrowser");
  known.forget(req, res);
}
