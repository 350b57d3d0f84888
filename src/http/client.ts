import { hash } from "node:crypto";
import type { Request } from "express";
import { OptionError } from "../errors.js";
import { kindOf } from "../text.js";

/**
 * Identifies a client: the SHA-256 of its address and User-Agent, base64url.
 *
 * The address is `req.ip`, so Express's `trust proxy` decides whether a forwarded address is used.
 * (Flask-Login's _session_identifier_generator)
 */
export function clientFingerprint(req: Request): string {
  return hash("sha256", `${req.ip ?? ""}|${req.headers["user-agent"] ?? ""}`, "base64url");
}

/**
 * Wraps the option `fingerprint` in a check of its result. A session can only keep a string: without the check, the
 * login would silently disappear at the next request.
 *
 * @returns a function that throws OptionError if the option returns anything but a string
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

/** The address and User-Agent of a client, by which a user can recognize it; null where unknown. */
export function clientOf(req: Request | undefined): { address: string | null; userAgent: string | null } {
  const userAgent = req?.headers["user-agent"];
  return { address: req?.ip ?? null, userAgent: userAgent?.slice(0, LONGEST_USER_AGENT) ?? null };
}
