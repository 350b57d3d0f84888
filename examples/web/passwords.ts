import { randomUUID } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";
import { isCommon } from "./common-passwords.js";

/** The shortest password that may be the only factor (NIST SP 800-63B-4, 3.1.1.2). */
export const SHORTEST_ALONE = 15;
/** The shortest password of an account that also has a second factor. */
export const SHORTEST_WITH_FACTOR = 8;
/** NIST asks for at least 64. A longer password is rejected, never cut off. */
export const LONGEST_PASSWORD = 128;

/** The hash to check when there is no account, so that an unknown e-mail takes as long as a wrong password. */
const decoy = hash(randomUUID());

/** Hashes with Argon2id and the package's defaults, which OWASP recommends. */
export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize("NFKC"));
}

/** Does the password match the hash? Without a hash, it returns false after the same time. */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  const isRight = await verify(passwordHash ?? (await decoy), password.normalize("NFKC"));
  return passwordHash !== undefined && isRight;
}

/** Whose password it is. */
export interface PasswordOwner {
  email: string;
  hasSecondFactor: boolean;
}

/**
 * Returns a message about what is wrong with a new password, or undefined. The rules are those of NIST SP 800-63B-4: a
 * length and a list of common passwords, but no digits or special characters that it must have.
 */
export function passwordProblem(password: string, { email, hasSecondFactor }: PasswordOwner): string | undefined {
  const shortest = shortestPassword(hasSecondFactor);
  if (lengthOf(password) < shortest) return `Use at least ${shortest} characters.`;
  if (lengthOf(password) > LONGEST_PASSWORD) return `Use at most ${LONGEST_PASSWORD} characters.`;
  if (isCommon(password)) return "Many people use this password, so it is easy to guess. Choose another one.";
  if (email && password.toLowerCase().normalize("NFKC") === email) return "Do not use your e-mail as the password.";
  return undefined;
}

export function shortestPassword(hasSecondFactor: boolean): number {
  return hasSecondFactor ? SHORTEST_WITH_FACTOR : SHORTEST_ALONE;
}

/** Is this password long enough to be the only factor? */
export function canStandAlone(password: string): boolean {
  return lengthOf(password) >= SHORTEST_ALONE;
}

/** Counts code points, as NIST does. */
function lengthOf(password: string): number {
  return [...password.normalize("NFKC")].length;
}
