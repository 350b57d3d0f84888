import type { Request } from "express";

/** Methods that change nothing (RFC 9110, 9.2.1); browsers send Lax cookies along with them when somebody follows a link. */
const SAFE: readonly (string | undefined)[] = ["GET", "HEAD", "OPTIONS", "TRACE"];

/**
 * Did a page of another site send this request, with a method that is not safe? Browsers say so in `Sec-Fetch-Site`. Old browsers, and
 * all browsers over plain HTTP, only name the page's host in `Origin`. `Origin: null` does not count: it could be a page of this site.
 */
export function isFromOtherSite(req: Request): boolean {
  if (SAFE.includes(req.method)) return false;
  const { "sec-fetch-site": site, origin } = req.headers;
  if (site !== undefined) return site === "cross-site";
  if (origin === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).hostname !== req.hostname?.toLowerCase();
}
