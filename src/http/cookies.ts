import type { Request, Response } from "express";
import type { Duration } from "../duration.js";

/** The attributes of one of latchkey's cookies. */
export interface CookieOptions {
  /** @default the host that set it, without its subdomains */
  domain?: string | undefined;
  /** @default "/" */
  path?: string | undefined;
  /** Only over HTTPS; `"auto"` follows the connection. @default true when NODE_ENV is "production", else "auto" */
  secure?: boolean | "auto" | undefined;
  /** Hidden from scripts. @default true */
  httpOnly?: boolean | undefined;
  /** `"none"` needs `secure: true`. @default "lax" */
  sameSite?: "lax" | "strict" | "none" | undefined;
  /** Which cookies a browser drops last when it has too many. @default none, which browsers take for medium */
  priority?: "low" | "medium" | "high" | undefined;
  /** Kept apart for each site that embeds this one (CHIPS); needs `secure: true`. @default false */
  partitioned?: boolean | undefined;
}

/** The attributes of the session's cookie. */
export interface SessionCookieOptions extends CookieOptions {
  /** How long the browser keeps it after the last response that set it; the session ends at the same time. @default until the browser closes */
  maxAge?: Duration | undefined;
}

/** A cookie with every default filled in. */
export interface ResolvedCookie {
  readonly name: string;
  readonly domain?: string;
  readonly path: string;
  readonly secure: boolean | "auto";
  readonly httpOnly: boolean;
  readonly sameSite: "lax" | "strict" | "none";
  readonly priority?: "low" | "medium" | "high";
  readonly partitioned?: boolean;
  /** Milliseconds. */
  readonly maxAge?: number;
}

/** The one value of a cookie in the request; none when it is absent or sent more than once. */
export function readCookie(req: Request, name: string): string | undefined {
  const values = cookieValues(req, name);
  return values.length === 1 ? values[0] : undefined;
}

/** Is a cookie of this name in the request at all, however often? */
export function hasCookie(req: Request, name: string): boolean {
  return cookieValues(req, name).length > 0;
}

/** Is a cookie of this name in the request more than once? */
export function hasCookieTwice(req: Request, name: string): boolean {
  return cookieValues(req, name).length > 1;
}

/** Does the response set or remove a cookie of this name so far? */
export function changesCookie(res: Response, name: string): boolean {
  return pending(res).some((cookie) => cookie.startsWith(`${name}=`));
}

/**
 * Did a request arrive over HTTPS? All of latchkey's cookies depend on the result.
 *
 * @param proxy the option `session.proxy`: whether `X-Forwarded-Proto` counts; undefined to follow Express's `trust proxy`
 */
export function isSecure(req: Request, proxy: boolean | undefined): boolean {
  if (proxy === undefined) return req.secure;
  if ((req.socket as { encrypted?: boolean }).encrypted) return true;
  const [forwarded = ""] = String(req.headers["x-forwarded-proto"] ?? "").split(",");
  return proxy && forwarded.trim().toLowerCase() === "https";
}

/** The values of a cookie in the request, which browsers send once for each path and domain that set it. */
function cookieValues({ headers: { cookie = "" } }: Request, name: string): string[] {
  const values: string[] = [];
  for (let at = cookie.indexOf(name); at !== -1; at = cookie.indexOf(name, at + 1)) {
    const before = skipBlanks(cookie, at - 1, -1);
    const equals = skipBlanks(cookie, at + name.length, 1);
    if ((before >= 0 && cookie[before] !== ";") || cookie[equals] !== "=") continue;
    const semicolon = cookie.indexOf(";", equals);
    const end = skipBlanks(cookie, (semicolon === -1 ? cookie.length : semicolon) - 1, -1);
    const start = skipBlanks(cookie, equals + 1, 1);
    values.push(cookie.slice(start, Math.max(end + 1, start)));
  }
  return values;
}

/** Skips only spaces and tabs. To a browser, a no-break space is part of the name, so that name has no prefix that it protects. */
function skipBlanks(text: string, from: number, step: 1 | -1): number {
  let at = from;
  while (text[at] === " " || text[at] === "\t") at += step;
  return at;
}

/** Removes a cookie's Set-Cookie headers from a response. */
export function withdrawCookie(res: Response, name: string): void {
  if (!changesCookie(res, name)) return;
  res.setHeader(
    "Set-Cookie",
    pending(res).filter((cookie) => !cookie.startsWith(`${name}=`)),
  );
}

function pending(res: Response): string[] {
  return [res.getHeader("Set-Cookie") ?? []].flat().map(String);
}
