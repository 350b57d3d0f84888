import { createHash } from "node:crypto";

/** What a store sees of a secret in a cookie: its SHA-256, base64url (ASVS 6.5.2). */
export function storageId(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}
