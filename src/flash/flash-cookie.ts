import type { Request, Response } from "express";
import type { Keyring } from "../crypto/keys.js";
import { openCookie, sealCookie } from "../crypto/signed-cookie.js";
import type { LoginEmitter } from "../events.js";
import { BrowserCookie } from "../http/cookies/browser-cookie.js";
import { ageOf } from "../instants.js";
import { cookieBeside } from "../options/cookie.js";
import type { ResolvedOptions } from "../options/resolved-options.js";

/** A one-time message. */
export interface Flash {
  message: string;
  category: string;
}

/** A message that has not been shown yet. */
export interface KeptFlash extends Flash {
  /** Does the message ask the user to log in or to confirm the login? A login or a confirmation drops such a message. */
  isChallenge: boolean;
}

/** The content of the flash cookie, which the browser stores until the next page. */
export interface FlashContent {
  /** The id of the login that the content belongs to; null for an anonymous visitor. */
  loginId: string | null;
  messages: KeptFlash[];
  /** The page to go to after logging in, with `nextIn: "cookie"`. */
  next: string | null;
}

/** The content in the form that is signed: login id, timestamp, messages, next. */
type Sealed = [string | null, number, Array<[message: string, category: string, isChallenge: 0 | 1]>, string | null];

const LIFETIME = 10 * 60 * 1000;
/**
 * The maximum lengths of the cookie value and of its JSON, in bytes. base64url turns 3 bytes into 4, and the dot and
 * the signature need 44 bytes.
 */
const LONGEST_VALUE = 1024;
const LONGEST_JSON = Math.floor(((LONGEST_VALUE - 44) * 3) / 4);
/** The maximum number of messages. No more fit, even if all of them are empty. */
const MAX_MESSAGES = Math.floor(LONGEST_JSON / '["","",0],'.length);
/** The maximum length of `next` in bytes. It leaves room for a message. */
const LONGEST_NEXT = 512;

/**
 * The cookie of the flash messages. It is signed, so that it cannot be forged, but it is not encrypted. It has the
 * attributes of the session cookie, and expires after ten minutes. (Django's CookieStorage)
 */
export class FlashCookie {
  readonly #cookie: BrowserCookie;
  readonly #keys: Keyring;

  constructor(options: ResolvedOptions, keys: Keyring, events: LoginEmitter<never>) {
    this.#cookie = new BrowserCookie(cookieBeside(options, "flash"), events);
    this.#keys = keys;
  }

  isIn(req: Request): boolean {
    return this.#cookie.isIn(req);
  }

  /**
   * Reads the cookie of a request. Returns null if the cookie is absent, sent more than once, too long, forged or older
   * than ten minutes.
   */
  read(req: Request): FlashContent | null {
    const value = this.#cookie.valueIn(req);
    if (value === undefined || value.length > LONGEST_VALUE) return null;
    const opened = openCookie(value, this.#keys);
    if (!opened) return null;
    const [loginId, at, messages, next] = JSON.parse(opened.payload) as Sealed;
    if (!(ageOf(at) <= LIFETIME)) return null;
    const kept = messages.map(([message, category, mark]) => ({ message, category, isChallenge: mark === 1 }));
    return { loginId, messages: kept, next };
  }

  /**
   * Sets the cookie. If the messages do not fit, the oldest are dropped. A Secure cookie is not set over plain HTTP.
   * The first time, a warning is emitted.
   */
  set(req: Request, res: Response, content: FlashContent): void {
    if (!this.#cookie.isDeliverable(req)) return;
    this.#cookie.set(req, res, sealCookie(fitting(content), this.#keys), { maxAge: LIFETIME, encode: String });
  }

  /** Removes the cookie from the response, and from the browser if the request has it. */
  clear(req: Request, res: Response): void {
    this.takeBack(res);
    if (this.isIn(req)) this.#cookie.clear(req, res);
  }

  /** Removes the cookie's Set-Cookie headers from the response. */
  takeBack(res: Response): void {
    this.#cookie.withdraw(res);
  }
}

/** Is the path of the next page short enough for the cookie? */
export function isShortEnough(next: string): boolean {
  return Buffer.byteLength(next) <= LONGEST_NEXT;
}

/**
 * Returns the content as JSON that fits into the cookie. If it is too long, drops the oldest messages, and then
 * shortens the last message.
 */
function fitting({ loginId, messages, next }: FlashContent): string {
  const kept = messages.slice(-MAX_MESSAGES).map(({ message, category, isChallenge }): Sealed[2][number] => {
    return [message.slice(0, LONGEST_JSON), category.slice(0, LONGEST_JSON), isChallenge ? 1 : 0];
  });
  for (;;) {
    const json = JSON.stringify([loginId, Date.now(), kept, next] satisfies Sealed);
    const excess = Buffer.byteLength(json) - LONGEST_JSON;
    const [oldest] = kept;
    if (excess <= 0 || !oldest) return json;
    const cut = kept.length === 1 ? shortened(oldest[0], excess) : "";
    if (cut === "") kept.shift();
    else oldest[0] = cut;
  }
}

/** Replaces the last characters of a text with an ellipsis. Returns "" if only the ellipsis would be left. */
function shortened(text: string, excess: number): string {
  const characters = [...text.replace(/…$/, "")];
  const left = characters.slice(0, -Math.ceil(excess / 12) - 1); // a character needs at most 12 bytes in JSON
  return left.length === 0 ? "" : `${left.join("")}…`;
}
