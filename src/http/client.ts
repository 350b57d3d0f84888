import type { Request } from "express";
import { LRUCache } from "lru-cache";
import { type Check, group, isBoolean } from "../checks.js";
import type { StoredHashes } from "../crypto/stored-hashes.js";
import { unexpected } from "../errors.js";
import { kindOf } from "../text.js";

/** What a login stores about its client. */
export interface ClientOptions {
  /** Whether to store the IP address, `req.ip`. @default true */
  address?: boolean | undefined;
  /** Whether to store the first 256 characters of the User-Agent. @default true */
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
 * Returns a string that identifies a client. It consists of the client's address and User-Agent.
 *
 * The address is `req.ip`, so Express's `trust proxy` decides whether a forwarded address is used. (Flask-Login's
 * _session_identifier_generator)
 */
export function clientFingerprint(req: Request): string {
  return `${req.ip ?? ""}|${req.headers["user-agent"] ?? ""}`;
}

/** The connections whose address is unknown, and whether that is because the client had left before it was read. */
const unknown = new WeakMap<object, boolean>();

/**
 * Reads the address of a client while it is connected, so that Node.js remembers it. Otherwise `req.ip` would become
 * undefined when the client disconnects, as browsers do when the user leaves a page.
 */
export function keepAddress({ socket }: Request): void {
  if (!socket || socket.remoteAddress !== undefined || unknown.has(socket)) return;
  // After a reset, the server's own address is known until Node.js closes the connection. A Unix domain socket never
  // has an address.
  unknown.set(socket, socket.destroyed || socket.localAddress !== undefined);
}

/** Did the client disconnect before its address was read? Then nobody knows whose client it was. */
export function isAddressLost(req: Request): boolean {
  return unknown.get(req.socket) === true && req.ip === undefined; // a trusted proxy may have reported the address
}

const LONGEST_USER_AGENT = 256;
/** How many checked hashes are cached. Computing a hash takes about a twentieth of the time of an Express request. */
const MAX_CHECKED = 1000;
/** How many reported clients this process knows. If there are more, a client may be reported again. */
const MAX_REPORTED = 1000;

/**
 * The client's data in a record, which helps a user to recognize the client. Each value is null if it is unknown or not
 * stored.
 */
export interface ShownClient {
  address: string | null;
  userAgent: string | null;
}

/** Makes the client's data for a record, and compares the client of a request with that data. */
export class Clients {
  readonly #hashes: StoredHashes;
  readonly #kept: ResolvedClient;
  readonly #fingerprint: (req: Request) => string;
  /** The hashes that `check` has found to be current, by their texts. */
  readonly #checked = new LRUCache<string, string>({ max: MAX_CHECKED });
  /** The clients that this process has reported, each with the login that it used. */
  readonly #reported = new LRUCache<string, true>({ max: MAX_REPORTED });

  constructor(hashes: StoredHashes, options: { client: ResolvedClient; fingerprint: (req: Request) => string }) {
    this.#hashes = hashes;
    this.#kept = options.client;
    this.#fingerprint = options.fingerprint;
  }

  /** Returns the client's data that the options allow to store. */
  shown(req: Request | undefined): ShownClient {
    const { address, userAgent } = this.#kept;
    return {
      address: (address && req?.ip) || null,
      userAgent: (userAgent && req?.headers["user-agent"]?.slice(0, LONGEST_USER_AGENT)) || null,
    };
  }

  /**
   * Returns the keyed hash of the client's fingerprint. Without the secret, nobody can find the address by trying all
   * addresses. The hash differs for each login, so it does not show which logins come from the same client.
   */
  hashOf(loginId: string, req: Request): string {
    return this.#hashes.of(this.#text(loginId, req));
  }

  /**
   * Does the hash in a login come from the client of this request?
   *
   * @returns the hash to store from now on: the same hash, or a new hash with the first key; undefined if the request
   * comes from another client
   */
  check(kept: string, loginId: string, req: Request): string | undefined {
    const text = this.#text(loginId, req);
    if (this.#checked.get(text) === kept) return kept;
    const current = this.#hashes.check(kept, text);
    if (current === kept) this.#checked.set(text, kept);
    return current;
  }

  /**
   * Call this before you report that another client uses a login. Returns true only the first time, so that the 100
   * requests of one page are reported once.
   */
  isNew({ loginId, loginAt }: { loginId: string; loginAt: number }, req: Request): boolean {
    const key = `${loginAt} ${this.hashOf(loginId, req)}`; // a confirmation changes loginAt
    if (this.#reported.has(key)) return false;
    this.#reported.set(key, true);
    return true;
  }

  /**
   * Checks that the fingerprint is a string. With any other value, the next request would find no valid login, and
   * nobody would see why.
   */
  #text(loginId: string, req: Request): string {
    const fingerprint: unknown = this.#fingerprint(req);
    if (typeof fingerprint === "string") return `${loginId}\0${fingerprint}`;
    throw unexpected("fingerprint", "it to return a string", kindOf(fingerprint));
  }
}
