import { hash } from "node:crypto";

/**
 * Computes the ids of the records of one kind in one realm. An id is the SHA-256 of the realm, the kind and a secret,
 * in base64url. (ASVS 6.5.2)
 */
export class StorageIds {
  readonly #prefix: string;

  constructor(realm: string, kind: string) {
    this.#prefix = `${realm}\n${kind}\n`;
  }

  /** @param secret the secret in the browser's cookie */
  of(secret: string): string {
    return hash("sha256", this.#prefix + secret, "base64url");
  }
}
