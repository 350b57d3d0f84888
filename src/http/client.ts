import { hash } from "node:crypto";
import type { Request } from "express";
import { OptionError } from "../errors.js";
import { kindOf } from "../text.js";

/**
 * Returns a string that identifies a client: the SHA-256 hash of its address and User-Agent, in base64url.
 *
 * The address is `req.ip`, so Express's `trust proxy` decides whether a forwarded address is used. (Flask-Login's
 * _session_identifier_generator)
 */
export function clientFingerprint(req: Request): string {
  return hash("sha256", `${req.ip ?? ""}|${req.headers["user-agent"] ?? ""}`, "base64url");
}

/**
 * Adds a check to the option `fingerprint`: its result must be a string. With any other value, the next request would
 * find no valid login, and nobody would see why.
 *
 * @returns a function that throws OptionError if the option returns anything except a string
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

/**
 * Returns the address and User-Agent of a client, which help a user to recognize the client. Each is null if unknown.
 */
export function clientOf(req: Request | undefined): { address: string | null; userAgent: string | null } {
  const userAgent = req?.headers["user-agent"];
  return { address: req?.ip ?? null, userAgent: userAgent?.slice(0, LONGEST_USER_AGENT) ?? null };
}
