import type { Request, Response } from "express";
import { InsecureConnectionError } from "./errors.js";

/** The attributes of one of latchkey's cookies. */
export interface CookieOptions {
  /** @default `sid` for the session, `remember` for remember-me; in production with the prefix `__Host-` where path and domain allow it */
  name?: string | undefined;
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
}

/** CookieOptions with every default filled in. */
export interface ResolvedCookie {
  readonly name: string;
  readonly domain?: string;
  readonly path: string;
  readonly secure: boolean | "auto";
  readonly httpOnly: boolean;
  readonly sameSite: "lax" | "strict" | "none";
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

/** Sets a cookie for `maxAge` milliseconds. */
export function setCookie(req: Request, res: Response, cookie: ResolvedCookie, value: string, maxAge: number): void {
  withdraw(res, cookie.name);
  res.cookie(cookie.name, value, { ...attributes(req, cookie), maxAge, encode: String });
}

/** Removes a cookie, with the attributes that it was set with. */
export function clearCookie(req: Request, res: Response, cookie: ResolvedCookie): void {
  withdraw(res, cookie.name);
  res.clearCookie(cookie.name, attributes(req, cookie));
}

/** Does the response set or remove a cookie of this name so far? */
export function changesCookie(res: Response, name: string): boolean {
  return pending(res).some((cookie) => cookie.startsWith(`${name}=`));
}

/** @throws InsecureConnectionError when the cookie could never reach the browser */
export function assertDeliverable(req: Request, cookie: Pick<ResolvedCookie, "name" | "secure">): void {
  if (cookie.secure === true && !req.secure) throw new InsecureConnectionError(cookie.name);
}

/** The values of a cookie in the request, which browsers send once for each path and domain that set it. */
function cookieValues(req: Request, name: string): string[] {
  const values: string[] = [];
  for (const pair of req.headers.cookie?.split(";") ?? []) {
    const equals = pair.indexOf("=");
    if (equals > 0 && trimmed(pair.slice(0, equals)) === name) values.push(trimmed(pair.slice(equals + 1)));
  }
  return values;
}

/** Without spaces and tabs alone: to a browser a no-break space is part of a name, which then has no prefix that it would protect. */
function trimmed(text: string): string {
  const isBlank = (at: number) => text[at] === " " || text[at] === "\t";
  let [start, end] = [0, text.length];
  while (start < end && isBlank(start)) start++;
  while (start < end && isBlank(end - 1)) end--;
  return text.slice(start, end);
}

/** A response owes one Set-Cookie a name at most (RFC 6265, 4.1.1); what was said last counts. */
function withdraw(res: Response, name: string): void {
  if (!changesCookie(res, name)) return;
  res.setHeader(
    "Set-Cookie",
    pending(res).filter((cookie) => !cookie.startsWith(`${name}=`)),
  );
}

function pending(res: Response): string[] {
  return [res.getHeader("Set-Cookie") ?? []].flat().map(String);
}

function attributes(req: Request, { name: _, secure, ...rest }: ResolvedCookie) {
  return { ...rest, secure: secure === "auto" ? req.secure : secure };
}
