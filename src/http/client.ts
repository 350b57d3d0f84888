import { hash } from "node:crypto";
import type { Request } from "express";
import { LRUCache } from "lru-cache";
import { OptionError } from "../errors.js";
import { kindOf } from "../text.js";

/** The fingerprints of the last clients, unless address and User-Agent together are longer than `LONGEST_KNOWN` characters. */
const known = new LRUCache<string, string>({ max: 1000 });
const LONGEST_KNOWN = 512;

/**
 * What tells one client from another: the SHA-256 of its address and User-Agent, base64url.
 *
 * The address is `req.ip`, so Express's `trust proxy` decides whether a forwarded one is believed.
 * (Flask-Login's _session_identifier_generator)
 */
export function clientFingerprint(req: Request): string {
  const client = `${req.ip ?? ""}|${req.headers["user-agent"] ?? ""}`;
  const before = known.get(client);
  if (before !== undefined) return before;
  const fingerprint = hash("sha256", client, "base64url");
  if (client.length <= LONGEST_KNOWN) known.set(client, fingerprint);
  return fingerprint;
}

/**
 * Wraps the option `fingerprint` in a check of its result. A session cannot keep anything but a string: without the check, the login would
 * silently be gone at the next request.
 *
 * @throws OptionError when it is called, and the option returns anything but a string
 */
export function fingerprintBy(given: ((req: Request) => string) | undefined): (req: Request) => string {
  if (!given) return clientFingerprint;
  return (req) => {
    const fingerprint: unknown = given(req);
    if (typeof fingerprint === "string") return fingerprint;
    throw new OptionError("fingerprint", `expected it to return a string, not ${kindOf(fingerprint)}`);
  };
}

const LONGEST_USER_AGENT = 256;

/** What a person may recognize a client by: its address and User-Agent, as far as they are known. */
export function clientOf(req: Request | undefined): { address: string | null; userAgent: string | null } {
  const userAgent = req?.headers["user-agent"];
  return { address: req?.ip ?? null, userAgent: userAgent?.slice(0, LONGEST_USER_AGENT) ?? null };
}
