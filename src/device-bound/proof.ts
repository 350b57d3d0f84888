import { isObject, type JsonObject } from "../json.js";
import { type Algorithm, isSignedBy, type PublicKey, publicKeyFrom } from "./public-key.js";

/** A signed challenge. Its signature is not checked yet. */
export interface Proof {
  challenge: string;
  /** The key in the header, which a registration has; null if it is missing or invalid. */
  key: PublicKey | null;
  isSignedBy(jwk: JsonObject): boolean;
}

/** Longer than any proof with an RSA key of 4096 bits. */
const LONGEST = 4096;
const FORMAT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

/**
 * Reads a JSON Web Signature in the header `Secure-Session-Response`: compact, of the type `dbsc+jwt`, with ES256 or
 * RS256. Returns null for everything else. (RFC 7515)
 *
 * @param header browsers send the text with or without quotes
 */
export function readProof(header: string): Proof | null {
  const [, head, body, signed] = (header.length <= LONGEST && FORMAT.exec(unquoted(header))) || [];
  if (head === undefined || body === undefined || signed === undefined) return null;
  const { typ, alg, crit, jwk } = objectIn(head);
  const { jti: challenge } = objectIn(body);
  if (typ !== "dbsc+jwt" || !isAlgorithm(alg) || crit !== undefined || typeof challenge !== "string") return null;
  const signature = decoded(signed);
  if (signature === null) return null;
  return {
    challenge,
    key: publicKeyFrom(jwk, alg),
    isSignedBy: (key) => isSignedBy(key, alg, `${head}.${body}`, signature),
  };
}

/** Returns the text of a structured header (RFC 9651), with or without its quotes. */
export function unquoted(header: string): string {
  return header.replace(/^"([^"\\]*)"$/, "$1");
}

function isAlgorithm(alg: unknown): alg is Algorithm {
  return alg === "ES256" || alg === "RS256";
}

/** Returns the object in a part of the signature; an empty object if there is none. */
function objectIn(part: string): JsonObject {
  try {
    const value: unknown = JSON.parse(String(decoded(part)));
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** Decodes base64url; null if this is not the usual way to write these bytes. */
function decoded(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : null;
}
