import type { IncomingMessage } from "node:http";
import type { Request } from "express";
import { group } from "../checks.js";
import { unexpected } from "../errors.js";
import { isObjectOrArray } from "../objects.js";
import { kindOf } from "../text.js";
import { anyOrigin, isWeb, originsIn, parseOrigin, writeOrigin } from "./origin.js";
import { isUpgrade } from "./upgrade.js";

/** Which pages may send requests, in addition to the pages of the request's own origin. */
export interface SameOriginOptions {
  /**
   * Other origins whose pages may send requests, for example `["https://accounts.example.com"]`. Each is a scheme, a
   * host and an optional port, without a path or a wildcard. @default []
   */
  trustedOrigins?: readonly string[] | undefined;
}

/** The values of `Sec-Fetch-Site`; null for anything else. */
type Site = "same-origin" | "same-site" | "cross-site" | "none" | null;

const SITES: readonly string[] = ["same-origin", "same-site", "cross-site", "none"];

/** Browsers send Lax cookies with these methods when a user follows a link from another site. */
const SAFE: readonly (string | undefined)[] = ["GET", "HEAD", "OPTIONS"];

/** Does the request have a safe method (RFC 9110, 9.2.1)? TRACE is not included, because browsers never send it. */
export function isSafe({ method }: IncomingMessage): boolean {
  return SAFE.includes(method);
}

/**
 * Was this request sent by a page of its own origin, by a page of a trusted origin, or by something other than a page?
 * A program, an address that the user typed and a bookmark are not pages.
 *
 * Use it for the upgrade to a WebSocket, which no middleware handles: browsers let every page open a WebSocket to every
 * site, and may send your cookies. The method of the request makes no difference. The rules are those of
 * `sameOriginRequired()`, except that an upgrade is compared with its `Host` header even if `trust proxy` is set.
 *
 * @throws OptionError if the request or an option is invalid
 */
export function isSameOrigin(req: IncomingMessage, options: SameOriginOptions = {}): boolean {
  const given: unknown = req;
  if (!isObjectOrArray(given) || !("headers" in given)) {
    throw unexpected("isSameOrigin", "a request", kindOf(given));
  }
  return comesFrom(req, trustedOrigins("isSameOrigin", options));
}

/** Was this request sent by a page of its own origin or of one of these origins, or by something other than a page? */
export function comesFrom(req: IncomingMessage, trusted: ReadonlySet<string>): boolean {
  const site = siteOf(req);
  if (site === "same-origin" || site === "none") return true;
  const sender = parseOrigin(req.headers.origin);
  return sender !== null && trusted.has(writeOrigin(sender));
}

/**
 * Did a page of another site send this request, with an unsafe method? Browsers send no Lax cookies with it. An `Origin`
 * of `null` does not count, because a page of this site may send it too.
 */
export function isFromOtherSite(req: Request): boolean {
  return !isSafe(req) && siteOf(req) === "cross-site";
}

/**
 * Checks the options of a function, and returns the trusted origins in the form of `writeOrigin`.
 *
 * @param caller the name of the function, for the error
 * @throws OptionError if an option is unknown or invalid
 */
export function trustedOrigins(caller: string, options: unknown): ReadonlySet<string> {
  let trusted: readonly string[] = [];
  const check = (option: string, list: unknown) => {
    trusted = originsIn(option, list, anyOrigin);
  };
  group({ trustedOrigins: check })(caller, options);
  return new Set(trusted);
}

/**
 * Returns what `Sec-Fetch-Site` says about a request. Browsers before 2023, and all browsers over plain HTTP, do not
 * send this header, and Chromium does not send it with WebSockets. Then the `Origin`, which is the page's origin, is
 * compared with the host of the request. The schemes are not compared, because a proxy may have removed the TLS.
 */
function siteOf(req: IncomingMessage): Site {
  const { "sec-fetch-site": site, origin } = req.headers;
  if (site !== undefined) return SITES.includes(site as string) ? (site as Site) : null;
  if (origin === undefined) return "none"; // a program, or a browser that is older than 2020
  const sender = parseOrigin(origin);
  if (!sender) return null;
  const own = isWeb(sender) ? parseOrigin(`${sender.protocol}//${hostOf(req)}`) : null;
  if (own?.host === sender.host) return "same-origin";
  return own?.hostname === sender.hostname ? "same-site" : "cross-site";
}

/** Returns the host and port that the browser used. A proxy that Express trusts reports them in `X-Forwarded-Host`. */
export function hostOf(req: IncomingMessage): string {
  const { host = "", "x-forwarded-host": forwarded } = req.headers;
  // `authenticate` makes an Express request of an upgrade. The result must be the same before and after that.
  const app = isUpgrade(req) ? undefined : (req as Partial<Request>).app;
  const trusts = app?.get("trust proxy fn") as ((address: string | undefined, hop: number) => boolean) | undefined;
  if (!forwarded || !trusts?.(req.socket.remoteAddress, 0)) return host;
  return String(forwarded).split(",", 1)[0]!.trimEnd();
}
