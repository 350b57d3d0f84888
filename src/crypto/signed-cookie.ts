import { Keyring } from "./keys.js";
import { checkSecret } from "./secrets.js";

/**
 * Signs a text. Returns the cookie value `<base64url text>.<base64url HMAC-SHA256>`. (Flask-Login's encode_cookie)
 *
 * @throws OptionError if a secret is too short or, in production, not random
 */
export function encodeCookie(payload: string, secret: string | readonly string[]): string {
  return sealCookie(payload, cookieKeys(secret));
}

/**
 * Returns the text of a value that `encodeCookie` made with any of the secrets, or null. (Flask-Login's decode_cookie)
 *
 * @throws OptionError if a secret is too short or, in production, not random
 */
export function decodeCookie(cookie: string, secret: string | readonly string[]): string | null {
  return openCookie(cookie, cookieKeys(secret))?.payload ?? null;
}

/** The same as `encodeCookie`, with the keys for one purpose. */
export function sealCookie(payload: string, keys: Keyring): string {
  const text = Buffer.from(payload).toString("base64url");
  return `${text}.${keys.sign(text)}`;
}

/**
 * The same as `decodeCookie`, with the keys for one purpose. It also returns whether the first key signed the value.
 * The signature covers the encoded text, so each text has only one valid encoding.
 */
export function openCookie(cookie: string, keys: Keyring): { payload: string; byFirst: boolean } | null {
  const [text, signature, ...rest] = cookie.split(".");
  if (text === undefined || !signature || rest.length > 0) return null;
  const key = keys.keyOf(text, signature);
  return key === -1 ? null : { payload: Buffer.from(text, "base64url").toString(), byFirst: key === 0 };
}

function cookieKeys(secret: string | readonly string[]): Keyring {
  checkSecret("secret", secret);
  return new Keyring(typeof secret === "string" ? [secret] : secret, "cookie");
}
