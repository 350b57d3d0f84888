import { Keyring } from "./keys.js";
import { checkSecret } from "./secrets.js";

/** Signs a text into a cookie value, `<base64url text>.<base64url HMAC-SHA256>`. (Flask-Login's encode_cookie) */
export function encodeCookie(payload: string, secret: string | readonly string[]): string {
  return sealCookie(payload, cookieKeys(secret));
}

/** The text of a value made by `encodeCookie` under any of the secrets, or null. (Flask-Login's decode_cookie) */
export function decodeCookie(cookie: string, secret: string | readonly string[]): string | null {
  return openCookie(cookie, cookieKeys(secret))?.payload ?? null;
}

/** `encodeCookie` with keys of a purpose. */
export function sealCookie(payload: string, keys: Keyring): string {
  const text = Buffer.from(payload).toString("base64url");
  return `${text}.${keys.sign(text)}`;
}

/**
 * `decodeCookie` with keys of a purpose, and whether the first of them signed. The signature covers the text as it was sent, so no
 * second spelling of it passes.
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
