import type { Request, Response } from "express";
import { decodeCookie, encodeCookie } from "latchkey";

const LASTS = 30 * 24 * 60 * 60_000;

/**
 * Trusts this browser for 30 days: it is not asked for the second factor of this user. Call it after the user has used
 * the second factor.
 *
 * @param secret signs the cookie. Join your own secret and the values that end the trust when they change: the
 * password's hash, and a number that you raise when you revoke logins or change factors.
 */
export function trustBrowser(req: Request, res: Response, userId: string, secret: string): void {
  const content = JSON.stringify(["trusted browser", userId, Date.now()]);
  const attributes = { httpOnly: true, sameSite: "lax", secure: req.secure, maxAge: LASTS } as const;
  res.cookie(nameOf(req), encodeCookie(content, secret), attributes);
}

/** Returns when the user used the second factor in this browser, or null if the browser is not trusted. */
export function trustedSince(req: Request, userId: string, secret: string): number | null {
  const cookies = req.headers.cookie?.split("; ") ?? [];
  const cookie = cookies.find((one) => one.startsWith(`${nameOf(req)}=`))?.split("=")[1];
  const content = cookie ? decodeCookie(cookie, secret) : null;
  if (content === null) return null;
  const [purpose, trusted, since] = JSON.parse(content) as [string, string, number];
  const isTrusted = purpose === "trusted browser" && trusted === userId && Date.now() < since + LASTS;
  return isTrusted ? since : null;
}

/** With the prefix, browsers accept the cookie only from this host, over HTTPS. */
function nameOf(req: Request): string {
  return req.secure ? "__Host-trusted" : "trusted";
}
