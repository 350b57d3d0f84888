import type { Request, Response } from "express";
import { RequestSlot } from "./request-slot.js";

/**
 * The Cache-Control that `res.sendFile` and `express.static` set by default. latchkey treats it as if no Cache-Control
 * was set.
 */
const UNCHOSEN = "public, max-age=0";

/**
 * Headers that shared caches use instead of Cache-Control. They also use CDN-Cache-Control (RFC 9213) and its vendor
 * variants.
 */
const FOR_SHARED_CACHES = new Set(["surrogate-control", "edge-control", "x-accel-expires"]);

/** Does this header control how caches store the response? `name` is in lower case. */
export function isAboutCaching(name: string): boolean {
  return name === "cache-control" || isForSharedCaches(name);
}

const cookies = new RequestSlot<true>();

/** Records that the response to this request sets or removes one of latchkey's cookies. */
export function noteCookie(req: Request): void {
  cookies.set(req, true);
}

/** Sets the headers for caches, before the head of the response is made. */
export function tellCaches(req: Request, res: Response, is: { varies: boolean; isPersonal: boolean }): void {
  if (res.headersSent) return;
  if (is.varies) {
    if (res.hasHeader("Vary")) res.vary("Cookie");
    else res.setHeader("Vary", "Cookie");
  }
  if (is.isPersonal || cookies.get(req) === true) keepPrivate(res);
}

/** Does Cache-Control allow shared caches to store the response? */
export function isShareable(res: Response): boolean {
  return !directivesOf(res, "Cache-Control").some(keepsOut);
}

/**
 * Keeps the response out of shared caches: adds `private`, and removes the directives and headers for shared caches. If
 * the application set no Cache-Control, adds `no-store` too, so that no cache stores the response.
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

/** Does this directive keep the whole response out of shared caches? `private="set-cookie"` covers only that header. */
function keepsOut(directive: string): boolean {
  return /^(private|no-store)$/i.test(directive);
}

function isForSharedCaches(name: string): boolean {
  return FOR_SHARED_CACHES.has(name) || name.endsWith("cdn-cache-control");
}

/**
 * Splits a header into its directives, at commas outside quotes. `max-age=600; private` is a single directive, in which
 * no cache recognizes `private`.
 */
function directivesOf(res: Response, name: string): string[] {
  const parts = String(res.getHeader(name) ?? "").match(/([^,"]|"(\\.|[^"\\])*("|$))+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}
