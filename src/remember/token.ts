import type { Keyring } from "../crypto/keys.js";

/** The content of a persistent remember cookie. */
export interface RememberToken {
  series: string;
  /** How many tokens of the series were made before this one. */
  generation: number;
}

/** The signature covers the text exactly as it was sent. So there is only one valid text for a token. */
const FORMAT = /^v1\.(([\w-]{22})\.(0|[1-9]\d{0,8}))\.([\w-]{43})$/;

/**
 * Reads and writes the values of persistent remember cookies: `v1.<series>.<generation>.<signature>`. The series is 16
 * random bytes in base64url. The generation is a number below 1,000,000,000. The signature is the HMAC-SHA256 of the
 * series and the generation.
 */
export class RememberTokens {
  readonly #keys: Keyring;

  constructor(keys: Keyring) {
    this.#keys = keys;
  }

  /**
   * Returns the token in a cookie's value; null if the value is absent, malformed or not signed with one of the
   * secrets.
   */
  read(value: string | undefined): RememberToken | null {
    const [, text, series, generation, signature] = FORMAT.exec(value ?? "") ?? [];
    if (text === undefined || series === undefined || signature === undefined) return null;
    if (this.#keys.keyOf(text, signature) === -1) return null;
    return { series, generation: Number(generation) };
  }

  /** Returns the cookie's value for a token, signed with the first secret. */
  write(series: string, generation: number): string {
    const text = `${series}.${generation}`;
    return `v1.${text}.${this.#keys.sign(text)}`;
  }
}
