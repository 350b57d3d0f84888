import type { Response } from "express";

/** What `res.sendFile` and `express.static` set when the handler chose nothing. */
const UNCHOSEN = "public, max-age=0";

/** Headers that only shared caches read, and prefer to Cache-Control, beside CDN-Cache-Control (RFC 9213) and its variants of vendors. */
const FOR_SHARED_CACHES = new Set(["surrogate-control", "edge-control", "x-accel-expires"]);

/** May a shared cache keep the response, as far as its Cache-Control says? */
export function isShareable(res: Response): boolean {
  return !directivesOf(res, "Cache-Control").some(keepsOut);
}

/**
 * Keeps the response out of shared caches: adds `private`, and takes out what addresses shared caches. If nobody chose how it is cached,
 * no cache keeps it.
 */
export function keepPrivate(res: Response): void {
  const given = res.getHeader("Cache-Control") ?? UNCHOSEN;
  if (given === UNCHOSEN) res.setHeader("Cache-Control", "private, no-store");
  else if (isShareable(res)) {
    const left = directivesOf(res, "Cache-Control").filter((one) => !/^(public|private|s-maxage)(=|$)/i.test(one));
    res.setHeader("Cache-Control", ["private", ...left].join(", "));
  }
  for (const name of res.getHeaderNames()) {
    const isForSharedCaches = FOR_SHARED_CACHES.has(name) || name.endsWith("cdn-cache-control");
    if (isForSharedCaches && !directivesOf(res, name).some(keepsOut)) res.removeHeader(name);
  }
}

/** `private="set-cookie"` is about that header alone. */
function keepsOut(directive: string): boolean {
  return /^(private|no-store)$/i.test(directive);
}

function directivesOf(res: Response, name: string): string[] {
  return String(res.getHeader(name) ?? "").match(/[^\s,;="]+(="[^"]*"|=[^\s,;"]*)?/g) ?? [];
}
