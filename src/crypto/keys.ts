import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/**
 * The keys for one purpose, derived from the secrets by HKDF (RFC 5869). A signature for one purpose is invalid for
 * every other purpose. The first key signs. Every key can verify.
 */
export class Keyring {
  readonly #keys: readonly Buffer[];

  /** @param realm each realm has its own keys */
  constructor(secrets: readonly string[], purpose: string, realm = "") {
    this.#keys = secrets.map((secret) => deriveKey(secret, purpose, realm));
  }

  /** Returns the HMAC-SHA256 of a text with the first key, in base64url. */
  sign(text: string): string {
    return mac(this.#keys[0]!, text);
  }

  /**
   * Returns the index of the key that made this signature of the text, or -1. How long this takes does not depend on
   * the result.
   */
  keyOf(text: string, signature: string): number {
    const matches = this.#keys.map((key) => isSame(mac(key, text), signature));
    return matches.indexOf(true);
  }
}

/** Derives the key for one purpose in one realm. */
export function deriveKey(secret: string, purpose: string, realm: string): Buffer {
  const info = `latchkey ${purpose}${realm && `@${realm}`}`;
  return Buffer.from(hkdfSync("sha256", secret, "", info, 32));
}

/** Are these texts equal? For texts of the same length, how long this takes does not depend on the result. */
export function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function mac(key: Buffer, text: string): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}
