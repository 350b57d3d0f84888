import type { RequestHandler } from "express";
import { contextsIn } from "../current/request-context.js";
import { comesFrom, isSafe, type SameOriginOptions, trustedOrigins } from "../http/request-origin.js";
import { isUpgrade } from "../http/upgrade.js";
import { CrossOriginError } from "../refusals.js";
import { sendRefusal } from "./challenge.js";
import { checkCalled } from "./guards.js";

/**
 * Refuses requests that pages of other origins send, so that no other page can log a user in or out, or change anything
 * for a user (cross-site request forgery, CSRF). It needs no session and no LoginManager.
 *
 * GET, HEAD and OPTIONS are not checked, except for upgrades, so routes must not change anything with these methods.
 * Other requests pass in these cases:
 *
 * - The browser says that a page of the same origin sent the request: `Sec-Fetch-Site` is `same-origin` or `none`.
 * - There is no `Sec-Fetch-Site`, and `Origin` has the host and port of the request. `trust proxy` decides whether
 *   these are in `X-Forwarded-Host` or in `Host`.
 * - There is neither `Sec-Fetch-Site` nor `Origin`: a program sent the request, and not a page.
 * - `Origin` is one of `trustedOrigins`.
 *
 * A refused request gets a 403 (CrossOriginError). Each LoginManager whose middleware it passed emits the event
 * `crossOriginRefused`. These are the rules of Go's http.CrossOriginProtection; see also OWASP ASVS 5.0, 3.5.1.
 *
 * @throws OptionError if an option is unknown or invalid
 */
export function sameOriginRequired(options?: SameOriginOptions): RequestHandler;
export function sameOriginRequired(...given: unknown[]): RequestHandler {
  checkCalled(given, "sameOriginRequired()");
  const [options = {}] = given;
  const trusted = trustedOrigins("sameOriginRequired", options);
  return function latchkeySameOrigin(req, res, next) {
    if ((isSafe(req) && !isUpgrade(req)) || comesFrom(req, trusted)) return next();
    for (const { core } of contextsIn(req)) core.events.emit("crossOriginRefused", { req });
    sendRefusal(req, res, new CrossOriginError());
  };
}
