import type { Keyring } from "../crypto/keys.js";

/** The content of a persistent remember cookie. */
export interface RememberToken {
  series: string;
  /** How many tokens of the series came before this one. */
  generation: number;
}

/** The signature covers the text as it was sent, so a value has only one valid spelling. */
const FORMAT = /^v1\.(([\w-]{22})\.(0|[1-9]\d{0,8}))\.([\w-]{43})$/;

/**
 * Reads and writes the values of persistent remember cookies: `v1.<series>.<generation>.<signature>`. The series is 16
 * random bytes in base64url, the generation a number below 1,000,000,000, the signature the HMAC-SHA256 of both.
 */
export class RememberTokens {
  readonly #keys: Keyring;

  constructor(keys: Keyring) {
    this.#keys = keys;
  }

  /** The token in a value; null when it is absent, malformed or not signed by any of the secrets. */
  read(value: string | undefined): RememberToken | null {
    const [, text, series, generation, signature] = FORMAT.exec(value ?? "") ?? [];
    if (text === undefined || series === undefined || signature === undefined) return null;
    if (this.#keys.keyOf(text, signature) === -1) return null;
    return { series, generation: Number(generation) };
  }

  /** The value of a token, signed with the first secret. */
  write(series: string, generation: number): string {
    const text = `${series}.${generation}`;
    return `v1.${text}.${this.#keys.sign(text)}`;
  }
}
