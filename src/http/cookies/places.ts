import { isIP } from "node:net";
import type { CookieOptions, Request } from "express";

/** A place where a browser stores cookies. A browser stores one cookie per name and place. */
interface Place {
  domain: string | undefined;
  path: string;
  partitioned: boolean;
}

/** More domains would make the response headers too long for some proxies; nginx accepts 4 kB by default. */
const MAX_DOMAINS = 4;

/**
 * The other places where the browser most likely stores a cookie of this name. A browser sends a cookie only if the
 * cookie's domain is the request's host or a parent domain, and the cookie's path is the request's path or a parent
 * path.
 *
 * @param own the attributes with which this response sets or removes the cookie
 */
export function otherPlaces(req: Request, name: string, { domain, path = "/", ...own }: CookieOptions): Place[] {
  const partitioned = own.partitioned ?? false;
  const places: Place[] = own.secure ? [{ domain, path, partitioned: !partitioned }] : [];
  if (/^__host-/i.test(name)) return places;
  for (const otherPath of new Set(["/", path, ...firstPaths(req)])) {
    for (const otherDomain of new Set([undefined, domain, ...domainsOf(req.hostname ?? "")])) {
      if (otherPath !== path || otherDomain !== domain) {
        places.push({ domain: otherDomain, path: otherPath, partitioned });
      }
    }
  }
  return places;
}

/** The path of a request, whatever the form of its target (RFC 9112, 3.2). */
export function pathOf(req: Request): string {
  const target: string = req.originalUrl ?? req.url; // only Express sets originalUrl
  const path = target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, "").replace(/[?#].*$/s, "");
  return path === "" ? "/" : path;
}

/**
 * A host and its parent domains, without the top-level domain, because browsers store no cookie for a top-level domain.
 */
function domainsOf(host: string): string[] {
  if (isIP(host) || !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(host)) return [];
  const labels = host.toLowerCase().split(".");
  return labels
    .slice(0, -1)
    .map((_, i) => labels.slice(i).join("."))
    .slice(-MAX_DOMAINS);
}

/** The first segment of a request's path, with and without a trailing slash. */
function firstPaths(req: Request): string[] {
  const [, first] = /^(\/[\x21-\x2e\x30-\x3a\x3c-\x7e]{1,100})(?=\/|$)/.exec(pathOf(req)) ?? [];
  return first === undefined ? [] : [first, `${first}/`];
}
