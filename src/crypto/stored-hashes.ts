import { hash } from "node:crypto";
import { deriveKey } from "./keys.js";

/**
 * Keyed hashes that stay in the store, for one purpose. Without a secret, nobody can find the hashed text by trying all
 * texts.
 *
 * A hash is the SHA-256 of a key, the text and the key again. Each request computes such hashes, and an HMAC takes
 * several times as long. Nobody can present a hash, so no signature is needed, and hashes are compared as strings.
 */
export class StoredHashes {
  readonly #keys: readonly string[];

  /** @param realm each realm has its own keys */
  constructor(secrets: readonly string[], purpose: string, realm = "") {
    this.#keys = secrets.map((secret) => deriveKey(secret, purpose, realm).toString("base64url"));
  }

  /** Returns the hash of a text with the first key, in base64url. */
  of(text: string): string {
    return keyedHash(this.#keys[0]!, text);
  }

  /**
   * Checks that the hash was made from this text.
   *
   * @returns the hash to store from now on: the same hash, or a new hash if an older key made it; undefined if the hash
   * was made from another text
   */
  check(kept: string, text: string): string | undefined {
    const current = this.of(text);
    if (current === kept) return kept;
    const [, ...older] = this.#keys;
    return older.some((key) => keyedHash(key, text) === kept) ? current : undefined;
  }
}

function keyedHash(key: string, text: string): string {
  return hash("sha256", key + text + key, "base64url");
}
