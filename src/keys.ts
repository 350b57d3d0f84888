import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/**
 * The keys of one purpose, derived from the secrets by HKDF (RFC 5869): what is signed for one purpose is worthless
 * for another. The first signs, all verify.
 */
export class Keyring {
  readonly #keys: readonly Buffer[];

  constructor(secrets: readonly string[], purpose: string) {
    this.#keys = secrets.map((secret) => Buffer.from(hkdfSync("sha256", secret, "", `latchkey ${purpose}`, 32)));
  }

  /** The HMAC-SHA256 of a text under the first key, base64url. */
  sign(text: string): string {
    return mac(this.#keys[0]!, text);
  }

  /** Is this exactly what `sign` gives for the text, under any of the keys? Takes the same time either way. */
  verify(text: string, signature: string): boolean {
    const given = Buffer.from(signature);
    let valid = false;
    for (const key of this.#keys) {
      const expected = Buffer.from(mac(key, text));
      if (expected.length === given.length && timingSafeEqual(expected, given)) valid = true;
    }
    return valid;
  }
}

function mac(key: Buffer, text: string): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}
