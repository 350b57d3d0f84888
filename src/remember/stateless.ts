import type { Request, Response } from "express";
import type { Keyring } from "../crypto/keys.js";
import { openCookie, sealCookie } from "../crypto/signed-cookie.js";
import type { BrowserCookie } from "../http/browser-cookie.js";
import { isShareable } from "../http/caching.js";
import { type Admit, type Grant, type Held, Remember, type Restored } from "./remember.js";
import type { RememberedLogin, RememberedTime } from "./remembered-login.js";

/** What a cookie says. */
interface Said extends RememberedLogin, RememberedTime {
  /** Was it signed by the first secret? */
  byFirst: boolean;
}

/** The content of a cookie: user id, expiry, stamp, duration, login id. */
type Content = [string, number, string | null, number, string];

/**
 * The stateless remember cookie: the user's id, an expiry and the user's stamp, signed. Nothing is stored, so a logout or a revocation
 * does not end a cookie or a copy of it. A changed stamp ends all cookies of a user; without a stamp they are valid until they expire.
 */
export class RememberStateless extends Remember {
  readonly mode = "stateless";
  readonly #keys: Keyring;
  /** Is there a user without a stamp, whose cookies are valid until they expire? */
  #hasUnstamped = false;
  #hasWarned = false;

  constructor(cookie: BrowserCookie, keys: Keyring) {
    super(cookie);
    this.#keys = keys;
  }

  async grant(_req: Request | undefined, login: RememberedLogin, time: RememberedTime): Promise<Grant> {
    return this.#grant(login, time);
  }

  async heldBy(req: Request): Promise<Held | null> {
    const said = this.#read(req);
    return said && { ...said, series: null, sessions: [], isUsedUp: false };
  }

  async restore(req: Request, admit: Admit): Promise<Restored | "inactive" | null> {
    const said = this.#read(req);
    const admitted = said && (await admit(said.userId, said.stamp));
    if (!admitted || admitted === "inactive") return admitted;
    const { user, stamp } = admitted;
    const { userId, loginId } = said;
    this.#hasUnstamped ||= stamp === null;
    const grant = said.byFirst && said.stamp === stamp ? null : this.#grant({ userId, loginId, stamp }, said);
    return { user, userId, loginId, series: null, grant: null, commit: async () => ({ grant }) };
  }

  async moveTo(): Promise<{ before: string[] }> {
    return { before: [] };
  }

  async endUnreadable(): Promise<void> {}

  async namesLast(): Promise<boolean> {
    return true;
  }

  async end(): Promise<boolean> {
    return false;
  }

  /**
   * How to start the duration of a valid cookie again when the response begins. `renew` does nothing, and returns false, if the handler
   * set or removed the cookie, or lets shared caches keep the response.
   */
  renewalOf(req: Request, res: Response): { loginId: string; renew(): boolean; withdraw(): void } | null {
    const said = this.#read(req);
    if (!said) return null;
    const renew = () => {
      if (this.cookie.isChangedBy(res) || (res.hasHeader("Cache-Control") && isShareable(res))) return false;
      this.set(req, res, this.#grant(said, { ...said, until: Date.now() + said.duration }));
      res.vary("Cookie");
      return true;
    };
    return { loginId: said.loginId, renew, withdraw: () => this.cookie.withdraw(res) };
  }

  override noteRevocation(): void {
    if (!this.#hasUnstamped || this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(
      'login.sessions ended the sessions of a user, but forgot no browser: in the mode "stateless" a remember cookie logs in again ' +
        "until it expires, or until the user's getSessionStamp() returns another string. Some users here have no " +
        "getSessionStamp(). Give them one and change it when their logins must end, or use a store that lacks nothing",
      "LatchkeyRememberWarning",
    );
  }

  /** The name of the login makes the cookies of no two logins the same (ASVS 7.2.2). */
  #grant({ userId, loginId, stamp }: RememberedLogin, { duration, until }: RememberedTime): Grant {
    this.#hasUnstamped ||= stamp === null;
    const value = sealCookie(JSON.stringify([userId, until, stamp, duration, loginId]), this.#keys);
    return { value, until, series: null };
  }

  /** What the request's cookie says; null when it is absent, doubled, forged or expired. */
  #read(req: Request): Said | null {
    const cookie = this.valueIn(req);
    const opened = cookie ? openCookie(cookie, this.#keys) : null;
    if (opened === null) return null;
    const [userId, until, stamp, duration, loginId] = JSON.parse(opened.payload) as Content;
    return until > Date.now() ? { userId, loginId, stamp, duration, until, byFirst: opened.byFirst } : null;
  }
}
