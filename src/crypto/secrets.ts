import { OptionError, unexpected } from "../errors.js";
import { kindOf } from "../text.js";

const SECRET_LENGTH = 32;
/**
 * A secret with at most this many different characters is not random. For comparison, 32 random hexadecimal digits have
 * 14 different digits on average.
 */
const MAX_MONOTONOUS = 9;
/** Words from sample secrets in documentation. The first one is from latchkey's own documentation. */
const SAMPLE = /only for development|change[ _-]?me|keyboard[ _-]?cat/i;
/** How to make a secret, for error messages. */
const TRY = "try: openssl rand -base64 32";

/**
 * Checks that a secret is long enough and, in production, random. No error message contains a part of the secret.
 *
 * @throws OptionError if a secret is too short or, in production, not random
 */
export function checkSecret(option: string, value: unknown): void {
  const secrets: unknown[] = Array.isArray(value) ? value : [value];
  if (secrets.length === 0) throw new OptionError(option, "expected at least one secret, not an empty array");
  for (const secret of secrets) {
    if (typeof secret !== "string") {
      throw unexpected(option, `a string of at least ${SECRET_LENGTH} characters, or an array of them`, kindOf(secret));
    }
    if (secret.length < SECRET_LENGTH) {
      throw new OptionError(
        option,
        `a secret of ${secret.length} characters is too short; it needs ${SECRET_LENGTH} (${TRY})`,
      );
    }
    if (process.env.NODE_ENV === "production" && isGuessable(secret)) {
      throw new OptionError(
        option,
        `in production, a secret must be random (${TRY}). This one is from documentation, repeats a short text, or has ` +
          "fewer than 10 different characters",
      );
    }
  }
}

/** Is this secret printed in documentation, or obviously not random? */
function isGuessable(secret: string): boolean {
  return SAMPLE.test(secret) || new Set(secret).size <= MAX_MONOTONOUS || repeatsShortText(secret);
}

function repeatsShortText(secret: string): boolean {
  for (let length = 1; length < SECRET_LENGTH && length <= secret.length / 2; length++) {
    if (secret.startsWith(secret.slice(length))) return true;
  }
  return false;
}
