import type { Request } from "express";

/** Safe methods (RFC 9110, 9.2.1). Browsers send Lax cookies with them when a user follows a link from another site. */
const SAFE: readonly (string | undefined)[] = ["GET", "HEAD", "OPTIONS", "TRACE"];

/**
 * Did a page of another site send this request, with an unsafe method? Browsers report this in `Sec-Fetch-Site`. Old
 * browsers, and all browsers over plain HTTP, send only `Origin`, the origin of the page. `Origin: null` is ignored,
 * because a page of this site may send it too.
 */
export function isFromOtherSite(req: Request): boolean {
  if (SAFE.includes(req.method)) return false;
  const { "sec-fetch-site": site, origin } = req.headers;
  if (site !== undefined) return site === "cross-site";
  if (origin === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).hostname !== req.hostname?.toLowerCase();
}
