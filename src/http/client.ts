import type { Request } from "express";
import { type Check, group, isBoolean } from "../checks.js";
import type { Keyring } from "../crypto/keys.js";
import { OptionError } from "../errors.js";
import { kindOf } from "../text.js";

/** What latchkey keeps of the client that logs in. */
export interface ClientOptions {
  /** Whether to keep the IP address, `req.ip`. @default true */
  address?: boolean | undefined;
  /** Whether to keep the first 256 characters of the User-Agent. @default true */
  userAgent?: boolean | undefined;
}

/** ClientOptions with every default filled in. */
export type ResolvedClient = Readonly<{ address: boolean; userAgent: boolean }>;

/** The check for the option `client`. */
export const checkClient: Check = group({ address: isBoolean, userAgent: isBoolean });

/** Fills in the defaults. */
export function resolveClient({ address = true, userAgent = true }: ClientOptions = {}): ResolvedClient {
  return Object.freeze({ address, userAgent });
}

/**
 * Returns a string that identifies a client: its address and User-Agent.
 *
 * The address is `req.ip`, so Express's `trust proxy` decides whether a forwarded address is used. (Flask-Login's
 * _session_identifier_generator)
 */
export function clientFingerprint(req: Request): string {
  return `${req.ip ?? ""}|${req.headers["user-agent"] ?? ""}`;
}

const LONGEST_USER_AGENT = 256;

/** What a record tells about a client. A user can recognize the client by it. Null where unknown or not kept. */
export interface ShownClient {
  address: string | null;
  userAgent: string | null;
}

/** Describes and compares the clients of logins, for what a store keeps of them. */
export class Clients {
  readonly #keys: Keyring;
  readonly #kept: ResolvedClient;
  readonly #fingerprint: (req: Request) => string;

  constructor(keys: Keyring, options: { client: ResolvedClient; fingerprint: (req: Request) => string }) {
    this.#keys = keys;
    this.#kept = options.client;
    this.#fingerprint = options.fingerprint;
  }

  /** Returns what the options allow to keep of the client. */
  shown(req: Request | undefined): ShownClient {
    const { address, userAgent } = this.#kept;
    return {
      address: (address && req?.ip) || null,
      userAgent: (userAgent && req?.headers["user-agent"]?.slice(0, LONGEST_USER_AGENT)) || null,
    };
  }

  /**
   * Returns the keyed hash of the client's fingerprint. Nobody can try addresses against it without the secret, and it
   * differs for each login, so that it does not tell which logins come from the same client.
   */
  hashOf(loginId: string, req: Request): string {
    return this.#keys.sign(this.#text(loginId, req));
  }

  /**
   * Does the hash in a login come from the client of this request?
   *
   * @returns the hash to keep from now on: the same hash, or a new hash with the first key; undefined if the client is
   * another one
   */
  check(kept: string, loginId: string, req: Request): string | undefined {
    const text = this.#text(loginId, req);
    const key = this.#keys.keyOf(text, kept);
    if (key === -1) return undefined;
    return key === 0 ? kept : this.#keys.sign(text);
  }

  /** A session can only keep a string: without the check, the login would silently disappear at the next request. */
  #text(loginId: string, req: Request): string {
    const fingerprint: unknown = this.#fingerprint(req);
    if (typeof fingerprint === "string") return `${loginId}\0${fingerprint}`;
    throw new OptionError("fingerprint", `expected it to return a string, not ${kindOf(fingerprint)}`);
  }
}
