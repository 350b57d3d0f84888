import { createHash } from "node:crypto";
import type { Request } from "express";

/**
 * What tells one client from another: the SHA-512 of its address and User-Agent, hex.
 *
 * The address is `req.ip`, so Express's `trust proxy` decides whether a forwarded one is believed.
 * (Flask-Login's _session_identifier_generator)
 */
export function clientFingerprint(req: Request): string {
  return createHash("sha512")
    .update(`${req.ip ?? ""}|${req.headers["user-agent"] ?? ""}`)
    .digest("hex");
}
