import { randomUUID } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";

/** The lengths follow NIST SP 800-63B: allow long passwords, and require no digits or special characters. */
export const SHORTEST_PASSWORD = 8;
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

/** Returns a message about what is wrong with a new password, or undefined. */
export function passwordProblem(password: string): string | undefined {
  const length = [...password.normalize("NFKC")].length;
  if (length < SHORTEST_PASSWORD) return `Use at least ${SHORTEST_PASSWORD} characters.`;
  if (length > LONGEST_PASSWORD) return `Use at most ${LONGEST_PASSWORD} characters.`;
  // A real application also rejects passwords that are known from leaks.
  return undefined;
}
