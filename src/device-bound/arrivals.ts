import type { Request } from "express";
import { comesFrom } from "../http/request-origin.js";

/**
 * Does the user arrive from a page of another origin? For such a request, browsers send the cookies of the login, but do
 * not refresh the cookie of the device.
 */
export function isArrival(req: Request): boolean {
  return req.method === "GET" && req.headers["sec-fetch-mode"] === "navigate" && isFromOtherOrigin(req);
}

/**
 * Would the browser refresh the cookie of the device for a request such as this one? It would not for a `fetch` by a page
 * of another origin, unless that origin is trusted. A navigation counts as refreshed, because the browser then leaves the
 * page that started it.
 */
export function isRefreshed(req: Request, trustedOrigins: ReadonlySet<string>): boolean {
  return req.headers["sec-fetch-mode"] === "navigate" || comesFrom(req, trustedOrigins);
}

/** Did a page of another origin send the request? That page may be of the same site. */
export function isFromOtherOrigin({ headers: { "sec-fetch-site": site } }: Request): boolean {
  return site === "cross-site" || site === "same-site";
}
