import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** The options that a site sends, as far as this authenticator uses them. */
interface Options {
  challenge: string;
  rp?: { id: string };
  rpId?: string;
  user?: { id: string };
}

/** How an authenticator behaves. */
export interface Behavior {
  /** Does it verify the user, for example by a PIN? */
  verifies?: boolean;
  /** Is the passkey synchronized between devices? Then it does not count its uses. */
  synchronized?: boolean;
}

/** The flags of the authenticator data (WebAuthn, 6.1). */
const FLAG = { present: 1, verified: 4, synchronizable: 8, synchronized: 16, newCredential: 64 };

/**
 * A passkey with the browser that uses it, for tests over HTTP. It makes the responses that `@simplewebauthn/browser`
 * would send, with a key on the curve P-256 and no attestation.
 */
export class Authenticator {
  readonly id = randomBytes(16).toString("base64url");
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  #userHandle: string | undefined;
  /** How often the passkey was used. */
  counter = 0;

  constructor(
    readonly origin: string,
    readonly behavior: Behavior = {},
  ) {}

  /** Makes the response to the options of a registration. */
  register({ challenge, rp, user }: Options) {
    this.#userHandle = user!.id;
    const id = Buffer.from(this.id, "base64url");
    const credential = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, this.#publicKey()]);
    const data = this.#data(rp!.id, FLAG.newCredential, credential);
    const attestationObject = Buffer.concat([
      ...[cbor.map(3), cbor.text("fmt"), cbor.text("none"), cbor.text("attStmt"), cbor.map(0)],
      ...[cbor.text("authData"), cbor.bytes(data)],
    ]);
    return this.#response({ clientDataJSON: this.#clientData("webauthn.create", challenge), attestationObject });
  }

  /** Makes the response to the options of a login. */
  sign({ challenge, rpId }: Options, { counter = this.counter + 1, origin = this.origin } = {}) {
    this.counter = counter;
    const clientDataJSON = this.#clientData("webauthn.get", challenge, origin);
    const authenticatorData = this.#data(rpId!, 0);
    const signed = Buffer.concat([authenticatorData, sha256(clientDataJSON)]);
    const signature = sign("sha256", signed, this.#keys.privateKey);
    const userHandle = Buffer.from(this.#userHandle ?? "", "base64url");
    return this.#response({ clientDataJSON, authenticatorData, signature, userHandle });
  }

  #response(parts: Record<string, Buffer>) {
    const response = Object.fromEntries(
      Object.entries(parts).map(([name, part]) => [name, part.toString("base64url")]),
    );
    return { id: this.id, rawId: this.id, type: "public-key", clientExtensionResults: {}, response };
  }

  #clientData(type: string, challenge: string, origin = this.origin): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  }

  #data(rpId: string, flags: number, credential = Buffer.alloc(0)): Buffer {
    const { verifies = true, synchronized = false } = this.behavior;
    const backup = synchronized ? FLAG.synchronizable | FLAG.synchronized : 0;
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(synchronized ? 0 : this.counter);
    const all = flags | FLAG.present | (verifies ? FLAG.verified : 0) | backup;
    return Buffer.concat([sha256(rpId), Buffer.from([all]), counter, credential]);
  }

  /** The public key in COSE (RFC 9053, 7.1): type EC2, algorithm ES256, curve P-256, x and y. */
  #publicKey(): Buffer {
    const { x, y } = this.#keys.publicKey.export({ format: "jwk" });
    const [xBytes, yBytes] = [x!, y!].map((part) => cbor.bytes(Buffer.from(part, "base64url")));
    return Buffer.concat([Buffer.from("a501020326200121", "hex"), xBytes!, Buffer.from("22", "hex"), yBytes!]);
  }
}

/** The few types of CBOR (RFC 8949) that a registration needs. */
const cbor = {
  map: (size: number) => Buffer.from([0xa0 | size]),
  text: (text: string) => Buffer.concat([Buffer.from([0x60 | text.length]), Buffer.from(text)]),
  bytes: (bytes: Buffer) => Buffer.concat([Buffer.from([0x58, bytes.length]), bytes]),
};

function sha256(data: string | Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}
