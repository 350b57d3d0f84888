import type { Request } from "express";
import { contextOf, type RequestContext } from "../current/request-context.js";
import type { ResolvedOptions } from "../options/resolved-options.js";
import type { View } from "../options/views.js";
import { isPlainText, parseUrl } from "../text.js";
import { warnIfElsewhere } from "./own-origin.js";

/** The parameter that contains the page to go to after logging in. */
const NEXT = "next";
const LONGEST = 2048;
/** A base URL whose origin no application has. A value that stays on this origin is a path. */
const BASE = "https://next.invalid";

// Control characters, spaces, line separators, the byte order mark and the backslash: browsers drop or rewrite them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern must match control characters
const REWRITTEN = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufeff\\]/;
const LEAVES_HOST = /^\/(?:\/|\\|%2f|%5c)/i;
/** An absolute URL whose host every parser finds at the same place. */
const ABSOLUTE = /^https?:\/\/[^/?#@]+(?:[/?#]|$)/i;

/**
 * Returns the page to go to after logging in if it belongs to this site, or to a site of the option `nextOrigins`.
 * Otherwise, returns the fallback.
 *
 * With `nextIn: "query"`, the page is the parameter `next` of the query or, if that is missing, of the body. With
 * `"cookie"`, the page is the page that the guard stored, and this call removes the page from the cookie. The result is
 * never `loginView`, `refreshView` or `methodView`, so that users are not redirected in circles.
 *
 * @param fallback a page that you choose. It is not checked, so do not take it from the request
 * @returns the fallback; a path of this site with its query and hash, starting with exactly one slash; or an absolute URL
 * that begins with one of `nextOrigins`
 * @throws ResponseStartedError if the response has begun and `nextIn` is `"cookie"`
 */
export function safeNext(req: Request, fallback = "/"): string {
  return safeNextIn(contextOf(req), fallback);
}

/** The same for a manager. */
export function safeNextIn(context: RequestContext, fallback: string): string {
  const { req } = context;
  const { options, flashes } = context.core;
  const next =
    options.nextIn === "cookie"
      ? flashes.of(context, "safeNext").takeNext()
      : (req.query[NEXT] ?? (req.body as Record<string, unknown> | undefined)?.[NEXT]);
  const checked = checkNext(next, options);
  if (checked === null) return fallback;
  const { loginView, refreshView, methodView, redirectHost } = options;
  const views = [loginView, refreshView, methodView].flatMap((view) => viewUrls(view, req));
  return views.some((view) => samePage(loginUrl(view, null, redirectHost), checked)) ? fallback : checked;
}

/** Returns a path of this site, or a URL of one of `nextOrigins`, in normalized form; null for any other value. */
function checkNext(raw: unknown, { origin, nextOrigins }: ResolvedOptions): string | null {
  if (!isClean(raw)) return null;
  if (!ABSOLUTE.test(raw)) return checkPath(raw);
  const url = parseUrl(raw);
  const path = url && checkPath(pathIn(url));
  if (!path || url.origin === origin) return path;
  const checked = url.origin + path;
  return nextOrigins.includes(url.origin) && checked.length <= LONGEST ? checked : null;
}

/** Returns a path of this site in normalized form; null for any other value. */
function checkPath(raw: string): string | null {
  if (!isClean(raw) || raw[0] !== "/" || LEAVES_HOST.test(raw)) return null;
  const url = parseUrl(raw, BASE);
  if (!url || url.origin !== BASE || url.username || url.password) return null;
  const path = pathIn(url);
  // Normalizing can produce a path that leaves the host: "/.//evil.com" becomes "//evil.com".
  if (path.length > LONGEST || LEAVES_HOST.test(path) || new URL(path, BASE).href !== url.href) return null;
  return path;
}

function isClean(raw: unknown): raw is string {
  return typeof raw === "string" && raw !== "" && raw.length <= LONGEST && isPlainText(raw) && !REWRITTEN.test(raw);
}

function pathIn({ pathname, search, hash }: URL): string {
  return pathname + search + hash;
}

/**
 * Returns the page that a request asked for; null if its method is not GET or HEAD. The user can return to this page
 * after logging in.
 */
function requestedPage(req: Request): string | null {
  return req.method === "GET" || req.method === "HEAD" ? checkPath(req.originalUrl) : null;
}

/**
 * Returns the page to return to from a view: the path of the requested page, or its absolute URL if the view is on
 * another origin than this site. If this site's origin is unknown, it is always a path.
 */
export function pageFrom(view: string, req: Request, options: ResolvedOptions): string | null {
  const { origin, redirectHost } = options;
  const page = requestedPage(req);
  if (page === null || origin === undefined) return page;
  if (new URL(loginUrl(view, null, redirectHost), origin).origin === origin) return page;
  warnIfElsewhere(req, origin, options);
  return origin + page;
}

/**
 * Returns the URL of a view, with the page to return to. (Flask-Login's login_url)
 *
 * @param view a path or an absolute URL
 * @param next the value for the parameter `next`; it replaces a value that is already in the view
 * @param host replaces the view's host
 */
export function loginUrl(view: string, next: string | null = null, host?: string): string {
  const isPath = view.startsWith("/");
  const url = new URL(view, BASE);
  if (next !== null) url.searchParams.set(NEXT, next);
  const path = pathIn(url);
  if (host !== undefined) return `${isPath ? "" : url.protocol}//${host}${path}`;
  return isPath ? path : url.href;
}

/** Returns the URL of a view for this request; undefined if there is no view. */
export function viewUrl(view: View | undefined, req: Request): string | undefined {
  if (typeof view === "function") return view(req);
  if (typeof view !== "object") return view;
  const path = req.originalUrl.split("?", 1)[0]!;
  const prefixes = Object.keys(view).filter((prefix) => isUnder(path, prefix));
  const longest = prefixes.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : view[longest];
}

/** Returns all URLs that the view may have. */
function viewUrls(view: View | undefined, req: Request): string[] {
  if (typeof view === "object") return Object.values(view);
  const url = viewUrl(view, req);
  return url === undefined ? [] : [url];
}

function isUnder(path: string, prefix: string): boolean {
  const base = prefix.endsWith("/") ? prefix : `${prefix}/`;
  return path === prefix || path.startsWith(base);
}

/** The host of a view is not compared with a path, because the site may not know its own origin. */
function samePage(view: string, next: string): boolean {
  const isSameSite = next.startsWith("/") || new URL(view, BASE).host === new URL(next).host;
  return isSameSite && pathOf(view) === pathOf(next);
}

function pathOf(url: string): string {
  const path = new URL(url, BASE).pathname.replace(/(?<=.)\/+$/, "");
  try {
    return decodeURIComponent(path).toLowerCase();
  } catch {
    return path.toLowerCase();
  }
}
