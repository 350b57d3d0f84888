import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/**
 * The keys of one purpose, derived from the secrets by HKDF (RFC 5869): what is signed for one purpose is worthless
 * for another. The first signs, all verify.
 */
export class Keyring {
  readonly #keys: readonly Buffer[];

  /** @param realm another realm has other keys */
  constructor(secrets: readonly string[], purpose: string, realm = "") {
    const info = `latchkey ${purpose}${realm && `@${realm}`}`;
    this.#keys = secrets.map((secret) => Buffer.from(hkdfSync("sha256", secret, "", info, 32)));
  }

  /** The HMAC-SHA256 of a text under the first key, base64url. */
  sign(text: string): string {
    return mac(this.#keys[0]!, text);
  }

  /**
   * The place, from 0, of the key under which `sign` gives exactly this for the text; -1 for none. Takes the same time either way.
   */
  keyOf(text: string, signature: string): number {
    const matches = this.#keys.map((key) => isSame(mac(key, text), signature));
    return matches.indexOf(true);
  }
}

/** Are these the same? Takes the same time either way, for texts of one length. */
export function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function mac(key: Buffer, text: string): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}
