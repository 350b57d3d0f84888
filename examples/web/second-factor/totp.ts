import { Secret, TOTP } from "otpauth";
import { renderSVG } from "uqr";

/** The name that authenticator apps show. */
const ISSUER = "latchkey example";

/** Returns a new secret for an authenticator app, in Base32. Store it encrypted: anyone who has it can create codes. */
export function newTotpSecret(): string {
  return new Secret().base32; // 20 random bytes, as in RFC 4226
}

/** Returns the QR code that an authenticator app scans, as the URL of an image. */
export function totpPicture(secret: string, email: string): string {
  const uri = new TOTP({ issuer: ISSUER, label: email, secret }).toString();
  return `data:image/svg+xml;base64,${Buffer.from(renderSVG(uri)).toString("base64")}`;
}

/**
 * Returns the time step of a code, or null if the code is wrong. A clock may be wrong by 30 seconds. The caller must
 * accept each step only once, because the same code is right for up to 90 seconds (RFC 6238, 5.2).
 */
export function totpStep(secret: string, code: string): number | null {
  const totp = new TOTP({ secret });
  const now = Date.now();
  const delta = totp.validate({ token: code.replace(/\s/g, ""), window: 1, timestamp: now });
  return delta === null ? null : totp.counter({ timestamp: now }) + delta;
}
