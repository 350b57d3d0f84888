import { hash } from "node:crypto";

/** What a store sees of a secret in a cookie: its SHA-256, base64url (ASVS 6.5.2). */
export function storageId(secret: string): string {
  return hash("sha256", secret, "base64url");
}
