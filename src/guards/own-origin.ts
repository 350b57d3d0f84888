import type { Request } from "express";
import { hostOf } from "../http/request-origin.js";
import type { ResolvedOptions } from "../options/resolved-options.js";
import { parseUrl } from "../text.js";

/** The options about which a warning was emitted. */
const warned = new WeakSet<ResolvedOptions>();

/**
 * Warns if a request used another host than that of the option `origin`, because the user returns to that origin after
 * the login. Warns once for each manager, because the client chooses the Host header.
 */
export function warnIfElsewhere(req: Request, origin: string, options: ResolvedOptions): void {
  if (warned.has(options)) return;
  const host = hostOf(req);
  const { protocol, host: own } = new URL(origin);
  if (parseUrl(`${protocol}//${host}`)?.host === own) return;
  warned.add(options);
  process.emitWarning(
    `a page was requested from the host ${JSON.stringify(host.slice(0, 255))}, but after the login, users return to ` +
      `the option origin, ${origin}. Correct the option. Or, behind a proxy, set trust proxy, and let the proxy send ` +
      "X-Forwarded-Host",
    "LatchkeyOriginWarning",
  );
}
