import { createHmac } from "node:crypto";
import type { Request } from "express";
import { readCookie } from "./cookies.js";
import { isSame } from "./keys.js";

/** A cookie that one of the secrets signed. */
interface OpenedCookie {
  sid: string;
  /** Was it signed by the first secret? */
  byFirst: boolean;
  /** The pair `name=value` as the browser sent it. */
  pair: string;
}

/** The session's cookie as express-session makes it, so that a deployment can move to an express-session of its own and back. */
export class SessionCookie {
  readonly #secrets: readonly string[];

  constructor(
    readonly name: string,
    secrets: readonly string[],
  ) {
    this.#secrets = secrets;
  }

  /** The signed value, unencoded, of a session id. */
  seal(sid: string): string {
    return `s:${sid}.${signature(sid, this.#secrets[0]!)}`;
  }

  /** The one cookie of the request; null when it is absent, doubled, or signed by none of the secrets. */
  read(req: Request): OpenedCookie | null {
    const value = readCookie(req, this.name);
    const [, sid, given] = /^s:(.+)\.([^.]+)$/.exec(decoded(value ?? "")) ?? [];
    if (sid === undefined || given === undefined) return null;
    const signed = this.#secrets.map((secret) => isSame(signature(sid, secret), given));
    return signed.includes(true) ? { sid, byFirst: signed[0]!, pair: `${this.name}=${value}` } : null;
  }

  /** The pair `name=value` for a Cookie header. */
  pair(sid: string): string {
    return `${this.name}=${encodeURIComponent(this.seal(sid))}`;
  }
}

function signature(sid: string, secret: string): string {
  return createHmac("sha256", secret).update(sid).digest("base64").replace(/=+$/, "");
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return "";
  }
}
