import { randomUUID } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";

/** Lengths by NIST SP 800-63B: long is good, and no rules about digits and signs. */
export const SHORTEST_PASSWORD = 8;
export const LONGEST_PASSWORD = 128;

/** Checked in the place of a hash that is not there, so that an unknown e-mail takes as long as a wrong password. */
const decoy = hash(randomUUID());

/** Argon2id, with the package's defaults (those of OWASP). */
export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize("NFKC"));
}

/** Is this the password of the hash? Without a hash it is not, in the same time. */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  const isRight = await verify(passwordHash ?? (await decoy), password.normalize("NFKC"));
  return passwordHash !== undefined && isRight;
}

/** What is wrong with a new password, in words for the form. */
export function passwordProblem(password: string): string | undefined {
  const length = [...password.normalize("NFKC")].length;
  if (length < SHORTEST_PASSWORD) return `Use at least ${SHORTEST_PASSWORD} characters.`;
  if (length > LONGEST_PASSWORD) return `Use at most ${LONGEST_PASSWORD} characters.`;
  // A real application also refuses the passwords that are known from leaks.
  return undefined;
}
