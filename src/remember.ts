import type { Request, Response } from "express";
import onHeaders from "on-headers";
import {
  assertDeliverable,
  changesCookie,
  clearCookie,
  hasCookie,
  type ResolvedCookie,
  readCookie,
  setCookie,
} from "./cookies.js";
import { Keyring } from "./keys.js";
import { openCookie, sealCookie } from "./signed-cookie.js";

/** What a remember cookie says. */
export interface Remembered {
  userId: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** The keyed hash of the user's stamp when it was made. */
  stamp: string | null;
  /** How long it was made for, in milliseconds. */
  duration: number;
}

/** The options that remembering needs. */
interface RememberOptions {
  rememberCookie: ResolvedCookie;
  rememberDuration: number;
}

/**
 * The stateless remember cookie: the user's id, an expiry and the user's stamp, signed. Nothing is stored, so a single cookie
 * cannot be taken back before it expires; a changed stamp ends all of a user's.
 */
export class RememberCookie {
  readonly #keys: Keyring;
  readonly #options: RememberOptions;

  constructor(options: RememberOptions, secrets: readonly string[]) {
    this.#keys = new Keyring(secrets, "remember");
    this.#options = options;
  }

  /** Is there a remember cookie in the request, good or bad? */
  isIn(req: Request): boolean {
    return hasCookie(req, this.#options.rememberCookie.name);
  }

  /** What the request's remember cookie says; null when it is absent, doubled, forged or expired. */
  read(req: Request): Remembered | null {
    const cookie = readCookie(req, this.#options.rememberCookie.name);
    const text = cookie ? openCookie(cookie, this.#keys) : null;
    if (text === null) return null;
    const [userId, expiresAt, stamp, duration] = JSON.parse(text) as [string, number, string | null, number];
    return expiresAt > Date.now() ? { userId, expiresAt, stamp, duration } : null;
  }

  /** The value of a cookie, for `duration` milliseconds from now. */
  seal(userId: string, stamp: string | null, duration = this.#options.rememberDuration): string {
    return sealCookie(JSON.stringify([userId, Date.now() + duration, stamp, duration]), this.#keys);
  }

  /** Sets the cookie. */
  set(
    req: Request,
    res: Response,
    userId: string,
    stamp: string | null,
    duration = this.#options.rememberDuration,
  ): void {
    setCookie(req, res, this.#options.rememberCookie, this.seal(userId, stamp, duration), duration);
  }

  /**
   * Starts the duration of a good cookie anew when the response begins, unless the handler set or removed it, or lets shared
   * caches keep the response: they would hand the cookie to others.
   */
  renewAtEnd(req: Request, res: Response): void {
    const remembered = this.read(req);
    if (!remembered) return;
    onHeaders(res, () => {
      const caching = res.getHeader("Cache-Control");
      if (changesCookie(res, this.#options.rememberCookie.name)) return;
      if (caching !== undefined && !/\b(private|no-store)\b/i.test(String(caching))) return;
      this.set(req, res, remembered.userId, remembered.stamp, remembered.duration);
      res.vary("Cookie");
      if (caching === undefined) res.setHeader("Cache-Control", "private, no-store");
    });
  }

  /** Removes the cookie from a browser that has it, or that this response was to give it. */
  forget(req: Request, res: Response): void {
    if (this.isIn(req) || changesCookie(res, this.#options.rememberCookie.name)) this.clear(req, res);
  }

  /** Removes the cookie from the browser. */
  clear(req: Request, res: Response): void {
    clearCookie(req, res, this.#options.rememberCookie);
  }

  /** @throws InsecureConnectionError when the cookie could never reach the browser */
  assertDeliverable(req: Request): void {
    assertDeliverable(req, this.#options.rememberCookie);
  }
}
