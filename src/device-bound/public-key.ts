import { createPublicKey, hash, type KeyObject, verify } from "node:crypto";
import { isObject, type JsonObject } from "../json.js";

/** The algorithms that latchkey offers to browsers. (RFC 7518, 3.1) */
export type Algorithm = "ES256" | "RS256";

/** A public key, as the store has it. */
export interface PublicKey {
  /** The SHA-256 of the key. (RFC 7638) */
  id: string;
  /** Only the required members, in the order of RFC 7638. */
  jwk: JsonObject;
}

const TYPES = { ES256: "EC", RS256: "RSA" };
const BITS = { shortest: 2048, longest: 4096 };

/** Reads a public key from the header of a proof. Returns null if it is not a valid key of the algorithm. */
export function publicKeyFrom(given: unknown, alg: Algorithm): PublicKey | null {
  if (!isObject(given) || given.kty !== TYPES[alg]) return null;
  const key = keyFrom(membersOf(given, alg));
  if (key === null) return null;
  // Node also accepts other ways to write the same key, with any text around the numbers.
  const jwk = membersOf(key.export({ format: "jwk" }) as JsonObject, alg);
  return { id: hash("sha256", JSON.stringify(jwk), "base64url"), jwk };
}

function membersOf({ kty, crv, x, y, e, n }: JsonObject, alg: Algorithm): JsonObject {
  return (alg === "ES256" ? { crv, kty, x, y } : { e, kty, n }) as JsonObject;
}

/** Did the private key of this public key sign the text with the algorithm? */
export function isSignedBy(jwk: JsonObject, alg: Algorithm, text: string, signature: Buffer): boolean {
  const key = jwk.kty === TYPES[alg] ? keyFrom(jwk) : null;
  return key !== null && verify("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }, signature);
}

/** Returns a key on the curve P-256, or an RSA key of 2048 to 4096 bits with the usual exponent; otherwise null. */
function keyFrom(jwk: JsonObject): KeyObject | null {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk, format: "jwk" });
  } catch {
    return null;
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: { namedCurve, modulusLength = 0, publicExponent } = {} } = key;
  if (type === "ec") return namedCurve === "prime256v1" ? key : null;
  const isUsual = modulusLength >= BITS.shortest && modulusLength <= BITS.longest && publicExponent === 65_537n;
  return type === "rsa" && isUsual ? key : null;
}
