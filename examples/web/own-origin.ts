import type { IncomingMessage } from "node:http";
import type { RequestHandler } from "express";
import { ForbiddenError } from "routing-controllers";

/**
 * Does the browser say that a page of this site sent the request? It puts the Origin header there by itself, and no script can
 * change it. Behind a proxy that rewrites Host, compare with the address that the site is known by.
 */
export function isOwnOrigin({ headers }: IncomingMessage): boolean {
  const { origin = "", host } = headers;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** Refuses what pages of other origins send. A program sends no Origin, and its cookies are nobody else's. */
export const ownOriginOnly: RequestHandler = (req, _res, next) => {
  if (req.headers.origin === undefined || isOwnOrigin(req)) next();
  else next(new ForbiddenError("Pages of other sites may not use this."));
};
