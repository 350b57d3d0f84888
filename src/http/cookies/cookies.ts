import type { Request, Response } from "express";

/** The value of a cookie in the request; undefined if the cookie is absent or sent more than once. */
export function readCookie(req: Request, name: string): string | undefined {
  const values = cookieValues(req, name);
  return values.length === 1 ? values[0] : undefined;
}

/** Is a cookie of this name in the request at least once? */
export function hasCookie(req: Request, name: string): boolean {
  return cookieValues(req, name).length > 0;
}

/** Is a cookie of this name in the request more than once? */
export function hasCookieTwice(req: Request, name: string): boolean {
  return cookieValues(req, name).length > 1;
}

/** Does the response, as it is now, set or remove a cookie of this name? */
export function changesCookie(res: Response, name: string): boolean {
  return pending(res).some((cookie) => cookie.startsWith(`${name}=`));
}

/**
 * Did a request arrive over HTTPS? All of latchkey's cookies use this function.
 *
 * @param proxy the option `session.proxy`: whether to trust `X-Forwarded-Proto`. If undefined, `trust proxy` decides
 */
export function isSecure(req: Request, proxy: boolean | undefined): boolean {
  if (proxy === undefined) return req.secure;
  if ((req.socket as { encrypted?: boolean }).encrypted) return true;
  const [forwarded = ""] = String(req.headers["x-forwarded-proto"] ?? "").split(",");
  return proxy && forwarded.trim().toLowerCase() === "https";
}

/**
 * The values of a cookie in the request. A browser sends one value for each domain and path for which it stores the
 * cookie.
 */
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

/**
 * Skips only spaces and tabs, never a no-break space. To a browser, a no-break space is part of the name. If the prefix
 * `__Host-` follows it, the browser does not enforce the rules of that prefix.
 */
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
