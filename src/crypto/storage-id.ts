import { hash } from "node:crypto";

/** The ids under which a store has the records of one kind in one realm: the SHA-256 of both and a secret, base64url (ASVS 6.5.2). */
export class StorageIds {
  readonly #prefix: string;

  constructor(realm: string, kind: string) {
    this.#prefix = `${realm}\n${kind}\n`;
  }

  /** @param secret what the browser's cookie holds */
  of(secret: string): string {
    return hash("sha256", this.#prefix + secret, "base64url");
  }
}
