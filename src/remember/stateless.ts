import type { Request, Response } from "express";
import type { Keyring } from "../crypto/keys.js";
import { openCookie, sealCookie } from "../crypto/signed-cookie.js";
import { OptionError } from "../errors.js";
import { isShareable } from "../http/caching.js";
import type { BrowserCookie } from "../http/cookies/browser-cookie.js";
import { isObject, type JsonObject, type JsonValue } from "../json.js";
import { type CookieLogin, type IssuedCookie, Remember, type Restored, type VerifyRemembered } from "./remember.js";
import {
  fieldsForRestore,
  type NewRemembered,
  type RememberedLogin,
  type RememberedTime,
  restoredFields,
} from "./remembered-login.js";

/** The maximum length of a cookie in browsers: of its name and its value, in bytes (RFC 6265bis, 5.6). */
const LONGEST = 4096;

/** The content of a valid cookie. */
interface ReadCookie extends RememberedLogin, RememberedTime {
  /** Was the cookie signed with the first secret? */
  byFirst: boolean;
  later: Later;
}

/** The values after the login id in a cookie. */
type Later = { values: JsonValue[] };

/**
 * The JSON in a cookie: user id, expiry, stamp, duration, login id. If needed, an object follows with the fields of the
 * login that a restore puts into the new session. A later version may add other values after it, which are kept.
 */
type Content = [string, number, string | null, number, string, ...JsonValue[]];

/**
 * The stateless remember cookie: the user's id, an expiry and the user's stamp, signed. Nothing is stored, so the
 * cookie and its copies stay valid after a logout or a revocation. If the user's stamp changes, all cookies of the user
 * become invalid. The cookies of a user without a stamp are valid until they expire.
 */
export class RememberStateless extends Remember {
  readonly mode = "stateless";
  readonly #keys: Keyring;
  /** True after a cookie was made for a user without a stamp. Such a cookie is valid until it expires. */
  #hasUnstamped = false;
  #hasWarned = false;

  constructor(cookie: BrowserCookie, keys: Keyring) {
    super(cookie);
    this.#keys = keys;
  }

  async issue(_req: Request | undefined, login: RememberedLogin, time: NewRemembered): Promise<IssuedCookie> {
    return this.#issue(login, time);
  }

  async loginOf(req: Request): Promise<CookieLogin | null> {
    const held = this.#read(req);
    return held && { ...held, series: null, sessions: [], isUsedUp: false };
  }

  async restore(req: Request, verify: VerifyRemembered): Promise<Restored | "inactive" | null> {
    const held = this.#read(req);
    const verified = held && (await verify(held.userId, held.stamp));
    if (!verified || verified === "inactive") return verified;
    const { user, stamp } = verified;
    const { userId, loginId, duration, until } = held;
    this.#hasUnstamped ||= stamp === null;
    const issued = held.byFirst && held.stamp === stamp ? null : this.#issue({ ...held, stamp }, held);
    const login = fieldsIn(held.later);
    const commit = async () => ({ issued });
    return { user, userId, loginId, series: null, login, duration, until, issued: null, commit };
  }

  async moveTo(): Promise<{ before: string[]; until: number }> {
    return { before: [], until: 0 };
  }

  async endUnreadable(): Promise<void> {}

  async namesLast(): Promise<boolean> {
    return true;
  }

  async renewalFor(req: Request, { userId }: RememberedLogin): Promise<NewRemembered | null> {
    const held = this.#read(req);
    return held?.userId === userId ? held : null;
  }

  async end(): Promise<null> {
    return null;
  }

  /**
   * Returns functions that restart the duration of the request's cookie when the response begins; null if the cookie is
   * not valid. `renew` does nothing, and returns false, if the handler set or removed the cookie, or if shared caches
   * may store the response.
   */
  renewalOf(req: Request, res: Response): { loginId: string; renew(): boolean; withdraw(): void } | null {
    const held = this.#read(req);
    if (!held) return null;
    const renew = () => {
      if (this.cookie.isChangedBy(res) || (res.hasHeader("Cache-Control") && isShareable(res))) return false;
      this.set(req, res, this.#issue(held, { ...held, until: Date.now() + held.duration }));
      res.vary("Cookie");
      return true;
    };
    return { loginId: held.loginId, renew, withdraw: () => this.cookie.withdraw(res) };
  }

  override noteRevocation(): void {
    if (!this.#hasUnstamped || this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(
      "login.sessions ended the sessions of a user, but the user's remembered browsers stay logged in: in the mode " +
        '"stateless", a remember cookie works until it expires or getSessionStamp() returns another string, and some users ' +
        "have no getSessionStamp(). Add this method, and change its result when their logins must end, or use a store " +
        'that supports the mode "persistent"',
      "LatchkeyRememberWarning",
    );
  }

  /** Makes a cookie. The login id makes every cookie different (ASVS 7.2.2). */
  #issue(login: RememberedLogin, { duration, until, later = { values: [] } }: NewRemembered): IssuedCookie {
    const { userId, loginId, stamp } = login;
    this.#hasUnstamped ||= stamp === null;
    const others = (later as Later).values.slice(1);
    const fields = fieldsForRestore(login, fieldsIn(later as Later));
    const content: Content = [userId, until, stamp, duration, loginId];
    if (fields || others.length > 0) content.push(fields ?? {}, ...others);
    const value = sealCookie(JSON.stringify(content), this.#keys);
    const length = this.cookie.name.length + value.length;
    if (length > LONGEST) {
      const contents = 'give the login less data, or shorter ids, or use the mode "persistent"';
      throw new OptionError(
        "remember.mode",
        `a stateless cookie would have ${length} bytes, and browsers reject more than ${LONGEST}: ${contents}`,
      );
    }
    return { value, until, series: null };
  }

  /**
   * Returns the content of the request's cookie; null if the cookie is absent, sent more than once, forged or expired.
   */
  #read(req: Request): ReadCookie | null {
    const cookie = this.valueIn(req);
    const opened = cookie ? openCookie(cookie, this.#keys) : null;
    if (opened === null) return null;
    const [userId, until, stamp, duration, loginId, ...values] = JSON.parse(opened.payload) as Content;
    if (until <= Date.now()) return null;
    const { byFirst } = opened;
    const later = { values };
    const fields = restoredFields(fieldsIn(later));
    return { userId, loginId, stamp, duration, until, later, byFirst, ...fields };
  }
}

/** Returns the fields of the login in a cookie. */
function fieldsIn({ values: [fields] }: Later): JsonObject | undefined {
  return isObject(fields) ? fields : undefined;
}
