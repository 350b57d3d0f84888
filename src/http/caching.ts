import type { Request, Response } from "express";
import { RequestSlot } from "./request-slot.js";

/** What `res.sendFile` and `express.static` set when the handler chose nothing. */
const UNCHOSEN = "public, max-age=0";

/** Headers that shared caches prefer to Cache-Control, besides CDN-Cache-Control (RFC 9213) and its vendor variants. */
const FOR_SHARED_CACHES = new Set(["surrogate-control", "edge-control", "x-accel-expires"]);

/** Is a header one of those by which a response tells caches how long to keep it? `name` is in lower case. */
export function isAboutCaching(name: string): boolean {
  return name === "cache-control" || isForSharedCaches(name);
}

const cookies = new RequestSlot<true>();

/** Notes that the request's response sets or removes one of latchkey's cookies. */
export function noteCookie(req: Request): void {
  cookies.set(req, true);
}

export function hasNotedCookie(req: Request): boolean {
  return cookies.get(req) === true;
}

/** May a shared cache keep the response, as far as its Cache-Control says? */
export function isShareable(res: Response): boolean {
  return !directivesOf(res, "Cache-Control").some(keepsOut);
}

/**
 * Keeps the response out of shared caches: adds `private`, and removes the directives and headers for shared caches. If the application
 * set no Cache-Control, no cache keeps the response.
 */
export function keepPrivate(res: Response): void {
  const given = res.getHeader("Cache-Control") ?? UNCHOSEN;
  if (given === UNCHOSEN) res.setHeader("Cache-Control", "private, no-store");
  else if (isShareable(res)) {
    const left = directivesOf(res, "Cache-Control").filter((one) => !/^(public|private|s-maxage)(?![\w-])/i.test(one));
    res.setHeader("Cache-Control", ["private", ...left].join(", "));
  }
  for (const name of res.getHeaderNames()) {
    if (isForSharedCaches(name) && !directivesOf(res, name).some(keepsOut)) res.removeHeader(name);
  }
}

/** `private="set-cookie"` does not count: it keeps only that header out. */
function keepsOut(directive: string): boolean {
  return /^(private|no-store)$/i.test(directive);
}

function isForSharedCaches(name: string): boolean {
  return FOR_SHARED_CACHES.has(name) || name.endsWith("cdn-cache-control");
}

/** What stands between commas, except those in quotes: `max-age=600; private` is one directive, and no cache finds `private` in it. */
function directivesOf(res: Response, name: string): string[] {
  const parts = String(res.getHeader(name) ?? "").match(/([^,"]|"(\\.|[^"\\])*("|$))+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}
