import type { IncomingMessage } from "node:http";
import type { RequestHandler } from "express";
import { ForbiddenError } from "routing-controllers";

/**
 * Did a page of this site send the request? The browser sets the Origin header, and scripts cannot change it. Behind a
 * proxy that rewrites Host, compare the header with the public address of the site.
 */
export function isOwnOrigin({ headers }: IncomingMessage): boolean {
  const { origin = "", host } = headers;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** Rejects requests from pages of other origins. Programs send no Origin header, and use only their own cookies. */
export const ownOriginOnly: RequestHandler = (req, _res, next) => {
  if (req.headers.origin === undefined || isOwnOrigin(req)) next();
  else next(new ForbiddenError("Pages of other sites cannot use this API."));
};
