import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import type { Request } from "express";

/** What the database stores about a passkey. */
export interface PasskeyData {
  /** The credential's id, which is unique among all users. */
  id: string;
  /** In base64url. */
  publicKey: string;
  /** How often the passkey was used. Always 0 if the passkey is synchronized between devices. */
  counter: number;
  transports: string[];
}

/** Whose passkeys these are. */
export interface PasskeyOwner {
  email: string;
  /** Random bytes in base64url, which tell nobody who the user is (WebAuthn, 14.6.1). */
  passkeyHandle: string;
  passkeys: PasskeyData[];
}

/** The proof that a user has a passkey. */
export interface ShownPasskey {
  /** The passkey's new counter. */
  counter: number;
  /** "hwk" for a passkey that never leaves its device, "swk" for one that is synchronized (RFC 8176). */
  method: "hwk" | "swk";
}

declare module "express-session" {
  interface SessionData {
    /** The challenge that a passkey must sign. It is valid for five minutes, once, in this session. */
    challenge?: { value: string; until: number };
  }
}

/**
 * Returns the options for `startRegistration` in the browser.
 *
 * @param origin the address of the site, such as "https://example.com". Never take it from a request.
 */
export async function registrationOptions(
  req: Request,
  origin: string,
  { email, passkeyHandle, passkeys }: PasskeyOwner,
) {
  const options = await generateRegistrationOptions({
    ...{ rpName: "latchkey example", rpID: new URL(origin).hostname },
    ...{ userName: email, userID: new Uint8Array(Buffer.from(passkeyHandle, "base64url")) },
    excludeCredentials: passkeys,
    authenticatorSelection: { residentKey: "preferred", userVerification: "preferred" },
  });
  return withChallenge(req, options);
}

/** Returns the new passkey that the browser sent; null if the response is not valid. */
export async function verifyRegistration(req: Request, origin: string, response: unknown): Promise<PasskeyData | null> {
  const expected = takeChallenge(req, origin);
  if (!expected) return null;
  try {
    const { registrationInfo } = await verifyRegistrationResponse({
      ...{ ...expected, response: response as RegistrationResponseJSON, requireUserVerification: false },
    });
    if (!registrationInfo) return null;
    const { id, publicKey, counter, transports = [] } = registrationInfo.credential;
    return { id, publicKey: Buffer.from(publicKey).toString("base64url"), counter, transports };
  } catch {
    return null; // the response comes from the browser, and may contain anything
  }
}

/**
 * Returns the options for `startAuthentication` in the browser.
 *
 * @param passkeys the user's passkeys; leave them out for a login without a password, because the user is not known yet.
 * Then the passkey must also verify the user, by a fingerprint, a face or a PIN.
 */
export async function authenticationOptions(req: Request, origin: string, passkeys?: PasskeyData[]) {
  const options = await generateAuthenticationOptions({
    rpID: new URL(origin).hostname,
    allowCredentials: passkeys ?? [],
    userVerification: passkeys ? "preferred" : "required",
  });
  return withChallenge(req, options);
}

/**
 * Checks that the browser's response was signed by this passkey; null if it is not valid.
 *
 * @param passkey the passkey with the id in the response, from the database
 * @param only whether the passkey is the only factor. If so, it must have verified the user.
 */
export async function verifyAuthentication(
  req: Request,
  origin: string,
  response: unknown,
  passkey: PasskeyData | null | undefined,
  { only }: { only: boolean },
): Promise<ShownPasskey | null> {
  const expected = takeChallenge(req, origin);
  if (!expected || !passkey) return null;
  const { id, counter, publicKey } = passkey;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      ...{ ...expected, response: response as AuthenticationResponseJSON, requireUserVerification: only },
      credential: { id, counter, publicKey: new Uint8Array(Buffer.from(publicKey, "base64url")) },
    });
    if (!verified) return null;
    const { newCounter, credentialDeviceType } = authenticationInfo;
    return { counter: newCounter, method: credentialDeviceType === "singleDevice" ? "hwk" : "swk" };
  } catch {
    return null;
  }
}

function withChallenge<O extends { challenge: string }>(req: Request, options: O): O {
  req.session.challenge = { value: options.challenge, until: Date.now() + 5 * 60_000 };
  return options;
}

function takeChallenge(req: Request, origin: string) {
  const { challenge } = req.session;
  delete req.session.challenge;
  if (!challenge || challenge.until < Date.now()) return null;
  return { expectedChallenge: challenge.value, expectedOrigin: origin, expectedRPID: new URL(origin).hostname };
}
