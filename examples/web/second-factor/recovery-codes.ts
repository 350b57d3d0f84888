import { createHash, randomInt } from "node:crypto";

/** Digits and letters without 0, 1, I and O, which look alike on paper. */
const CHARACTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/**
 * Returns ten new recovery codes of 24 characters, which are 120 random bits, such as "K7QF-2M9X-…". Show them once, and
 * store only their hashes.
 */
export function newRecoveryCodes(): string[] {
  const group = () => Array.from({ length: 4 }, () => CHARACTERS[randomInt(CHARACTERS.length)]).join("");
  return Array.from({ length: 10 }, () => Array.from({ length: 6 }, group).join("-"));
}

/**
 * Returns the hash of a code, however the user typed it. SHA-256 is enough for at least 112 random bits
 * (ASVS 6.5.2). Passwords are not random, so they need a slow hash.
 */
export function recoveryHash(code: string): string {
  const spelling = code.toUpperCase().replace(/[^0-9A-Z]/g, "");
  return createHash("sha256").update(spelling).digest("hex");
}
