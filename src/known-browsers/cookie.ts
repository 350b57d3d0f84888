import { randomBytes } from "node:crypto";
import type { Request, Response } from "express";
import type { KnownBrowsers } from "../core.js";
import type { Keyring } from "../crypto/keys.js";
import { openCookie, sealCookie } from "../crypto/signed-cookie.js";
import type { StoredHashes } from "../crypto/stored-hashes.js";
import type { BrowserCookie } from "../http/cookies/browser-cookie.js";
import { ageOf } from "../instants.js";

/** What the cookie contains: a random value, and a hash of this value and each user who has logged in. */
interface Content {
  salt: string;
  /** The newest is first. */
  users: readonly string[];
}

/** The maximum number of users in a cookie. */
const MOST = 10;
/** The length of the salt and of each hash: 96 bits in base64url. */
const LENGTH = 16;
/** When the cookie was made, the salt and the hashes. */
const FORMAT = /^(\d{13,15})\.([\w-]{16})((?:[\w-]{16}){1,10})$/;

/**
 * Recognizes browsers in which a user has logged in before, by a signed cookie. It identifies no user: the hashes are
 * keyed, and those of the same user differ in each browser. Nothing is stored on the server.
 *
 * A copied cookie gives no access. With it, a login of one of its users counts as a login in a known browser.
 */
export class KnownBrowserCookie implements KnownBrowsers {
  /** The cookies that responses are about to set. */
  readonly #noted = new WeakMap<Request, Content>();

  /**
   * @param duration how long a browser is known, in milliseconds
   * @param hashes for each secret, the hashes with its key
   */
  constructor(
    private readonly cookie: BrowserCookie,
    private readonly duration: number,
    private readonly keys: Keyring,
    private readonly hashes: readonly StoredHashes[],
  ) {}

  note(req: Request, res: Response, userId: string): "known" | "new" {
    const { cookie, duration, hashes } = this;
    const { salt, users } = this.#noted.get(req) ?? this.#read(req, duration) ?? fresh();
    const own = hashes.map((made) => made.of(`${salt}\0${userId}`).slice(0, LENGTH));
    const others = users.filter((user) => !own.includes(user));
    const content = { salt, users: [own[0]!, ...others].slice(0, MOST) };
    this.#noted.set(req, content);
    if (cookie.isDeliverable(req)) {
      const value = sealCookie(`${Date.now()}.${salt}${content.users.join("")}`, this.keys);
      cookie.set(req, res, value, { maxAge: duration, encode: String });
    }
    return others.length < users.length ? "known" : "new";
  }

  forget(req: Request, res: Response): void {
    this.#noted.set(req, fresh());
    this.cookie.clearIfAny(req, res);
  }

  /** Returns the content of the request's cookie; null if it is absent, sent more than once, forged or too old. */
  #read(req: Request, duration: number): Content | null {
    const value = this.cookie.valueIn(req);
    const opened = value === undefined ? null : openCookie(value, this.keys);
    const [, at, salt, users] = FORMAT.exec(opened?.payload ?? "") ?? [];
    if (salt === undefined || users === undefined || !(ageOf(Number(at)) < duration)) return null;
    return { salt, users: users.match(/.{16}/g)! };
  }
}

function fresh(): Content {
  return { salt: randomBytes(12).toString("base64url"), users: [] };
}
