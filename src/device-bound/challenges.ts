import { randomBytes } from "node:crypto";
import type { Keyring } from "../crypto/keys.js";
import { ageOf } from "../instants.js";

/** What a browser proves when it signs a challenge: that it has a new key, or the key that it registered. */
export type Purpose = "registration" | "refresh";

/** How long a challenge is valid, in milliseconds. */
export const CHALLENGE_LASTS = 900_000;
const FORMAT = /^((\d{13,15})\.[\w-]{12})\.([\w-]{43})$/;

/**
 * The challenges that browsers sign: a time and random bits, with their HMAC. Nothing is stored for a challenge that is
 * never used.
 */
export class Challenges {
  constructor(private readonly keys: Keyring) {}

  /** @param subject the id of the login for a registration; the id of the device for a refresh */
  make(purpose: Purpose, subject: string): string {
    const text = `${Date.now()}.${randomBytes(9).toString("base64url")}`;
    return `${text}.${this.keys.sign(`${purpose}\n${subject}\n${text}`)}`;
  }

  /** Was this challenge made for the purpose and the subject? "late" if it has expired. */
  judge(challenge: string, purpose: Purpose, subject: string): "valid" | "late" | "foreign" {
    const [, text, at, signature] = FORMAT.exec(challenge) ?? [];
    if (text === undefined || signature === undefined) return "foreign";
    if (this.keys.keyOf(`${purpose}\n${subject}\n${text}`, signature) === -1) return "foreign";
    return ageOf(Number(at)) <= CHALLENGE_LASTS ? "valid" : "late";
  }
}
