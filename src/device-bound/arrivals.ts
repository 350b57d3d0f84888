import type { Request } from "express";

/**
 * Does the user arrive from a page of another origin? For such a request, browsers send the cookies of the login, but do
 * not refresh the cookie of the device.
 */
export function isArrival(req: Request): boolean {
  return req.method === "GET" && req.headers["sec-fetch-mode"] === "navigate" && isFromOtherOrigin(req);
}

/** Has a page of another origin sent the request, of this site or of another one? */
export function isFromOtherOrigin({ headers: { "sec-fetch-site": site } }: Request): boolean {
  return site === "cross-site" || site === "same-site";
}
