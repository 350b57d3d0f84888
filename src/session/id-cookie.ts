import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import type { Request } from "express";
import { LRUCache } from "lru-cache";
import { isSame } from "../crypto/keys.js";
import type { StorageIds } from "../crypto/storage-id.js";
import { readCookie } from "../http/cookies/cookies.js";

/** The content of a session cookie with a valid signature. */
export interface OpenedCookie {
  sid: string;
  /** The id of the session's record in the store. */
  id: string;
  /** Was the cookie signed with the first secret? */
  byFirst: boolean;
}

/**
 * How many verified cookies are cached. Verifying a signature takes about a tenth of the time of an Express request.
 */
const MAX_KNOWN = 1000;

/**
 * The session cookie, in the format of express-session. So an application can switch to its own express-session and
 * back.
 */
export class SessionCookie {
  readonly #keys: readonly KeyObject[];
  readonly #known = new LRUCache<string, OpenedCookie>({ max: MAX_KNOWN });
  /** The cookie of the application's earlier express-session. */
  readonly #earlier: SessionCookie | undefined;

  /** @param earlier the cookie of an earlier express-session, which counts if the request has no cookie of this name */
  constructor(
    readonly name: string,
    secrets: readonly string[],
    private readonly ids: StorageIds,
    earlier?: { name: string; secrets: readonly string[] },
  ) {
    this.#keys = secrets.map((secret) => createSecretKey(secret, "utf8"));
    this.#earlier = earlier && new SessionCookie(earlier.name, earlier.secrets, ids);
  }

  /** Returns the signed cookie value for a session id. The value is not URL-encoded. */
  seal(sid: string): string {
    return `s:${sid}.${signature(sid, this.#keys[0]!)}`;
  }

  /**
   * Reads the cookie of a request. Returns null if the cookie is absent, sent more than once, or not signed with one of
   * the secrets.
   */
  read(req: Request): OpenedCookie | null {
    return this.#read(req) ?? this.readEarlier(req);
  }

  /** Reads the cookie of the earlier express-session. It counts as signed with an older secret, so it is replaced. */
  readEarlier(req: Request): OpenedCookie | null {
    const opened = this.#earlier?.read(req);
    return opened ? { ...opened, byFirst: false } : null;
  }

  #read(req: Request): OpenedCookie | null {
    const value = readCookie(req, this.name);
    if (value === undefined) return null;
    const known = this.#known.get(value);
    if (known) return known;
    const opened = this.#open(value);
    if (opened) this.#known.set(value, opened);
    return opened;
  }

  #open(value: string): OpenedCookie | null {
    const [, sid, given] = /^s:(.+)\.([^.]+)$/.exec(decoded(value)) ?? [];
    if (sid === undefined || given === undefined) return null;
    const signed = this.#keys.map((key) => isSame(signature(sid, key), given));
    return signed.includes(true) ? { sid, id: this.ids.of(sid), byFirst: signed[0]! } : null;
  }

  /** Returns the pair `name=value` for a Cookie header. */
  pair(sid: string): string {
    return `${this.name}=${encodeURIComponent(this.seal(sid))}`;
  }
}

function signature(sid: string, key: KeyObject): string {
  return createHmac("sha256", key).update(sid).digest("base64").slice(0, -1); // base64 of 32 bytes ends with one "="
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return "";
  }
}
