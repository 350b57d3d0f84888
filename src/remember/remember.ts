import type { Request, Response } from "express";
import type { BrowserCookie } from "../http/cookies/browser-cookie.js";
import type { JsonObject } from "../json.js";
import type { ExternalLogin } from "../login-fields/external-login.js";
import type { SessionRecord } from "../store/session-store.js";
import type { NamedSessions } from "./browser-record.js";
import type { NewRemembered, RememberedLogin, RememberedTime } from "./remembered-login.js";

/** A remember cookie that is ready to be set. */
export interface IssuedCookie {
  value: string;
  /** When the cookie expires, in milliseconds since the epoch. */
  until: number;
  /** The id of the browser's record, if there is one. */
  series: string | null;
}

/** The login for which a remember cookie was set. */
export interface CookieLogin extends RememberedTime {
  userId: string;
  loginId: string;
  /** The id of the browser's record, if there is one. */
  series: string | null;
  /** The record ids of the sessions that the browser's record names. */
  sessions: readonly string[];
  /** The login at an identity provider that the remembered login comes from. */
  external?: ExternalLogin;
  /** Was the cookie used up by a restore? A used-up cookie restores nothing. */
  isUsedUp: boolean;
  /** The data that a later version has added to the cookie or its record. Only `issue` reads it. */
  later: JsonObject;
}

/** The sessions to consider when a browser's login moves to a new session. */
export interface Moving {
  /** The record id of the login's session, if it has one. */
  own?: string | null | undefined;
  /**
   * The record id of a session that the record names, but that could not be created because the id is taken. This id is
   * removed from the record.
   */
  instead?: string | null | undefined;
  /** The login, if the user has used further methods or logged in again at the identity provider. */
  login?: RememberedLogin | undefined;
}

/** The result of a restore. */
export interface Restored extends RememberedTime {
  user: object;
  userId: string;
  /** The id of the login. A restore does not change it. */
  loginId: string;
  series: string | null;
  /** Fields of the login that a restore puts into the new session. */
  login?: JsonObject | undefined;
  /** The cookie to set; null if the browser keeps its cookie. */
  issued: IssuedCookie | null;
  /** Has another request of this browser already restored the login? If so, its response sets a session cookie. */
  restoredElsewhere?: boolean;
  /**
   * Ends the browser's previous sessions, then uses up the token for a session that is about to be created. Resolves
   * with null, and does not use up the token, if another request has changed the browser's record. Undefined if the
   * login is restored for this request only.
   *
   * @param session the record id of the new session; null for a session of the application's own express-session
   */
  commit?: (session: string | null) => Promise<{ issued: IssuedCookie | null } | null>;
}

/**
 * Resolves with the user of a remember cookie, and the hash of the stamp to store from now on. Resolves with null if
 * the user no longer exists or the stamp has changed, and with "inactive" if the user may not log in.
 */
export type VerifyRemembered = (
  userId: string,
  stamp: string | null,
) => Promise<{ user: object; stamp: string | null } | "inactive" | null>;

/** Remembers browsers. The two modes are RememberStateless and RememberPersistent. */
export abstract class Remember {
  /** Requests whose cookie was valid when the request arrived. */
  readonly #vouched = new WeakSet<Request>();

  constructor(protected readonly cookie: BrowserCookie) {}

  abstract readonly mode: "persistent" | "stateless";

  /**
   * Makes a cookie for a login. In the persistent mode, a call of `end` with the cookie's series makes the cookie
   * invalid.
   *
   * @param session the record id of the login's session; null for a session of the application's own express-session
   */
  abstract issue(
    req: Request | undefined,
    login: RememberedLogin,
    time: NewRemembered,
    session: string | null,
  ): Promise<IssuedCookie>;

  /**
   * Resolves with the login for which the request's cookie was set. Resolves with null if the cookie is absent or
   * forged, or if its browser was forgotten. A used-up cookie is treated as misuse.
   */
  abstract loginOf(req: Request): Promise<CookieLogin | null>;

  /**
   * Restores the login of the request's cookie. Resolves with null if the cookie is not valid. Resolves with "inactive"
   * if its user is not active, or if it needs its device: the browser then keeps the cookie. A used-up cookie is treated
   * as misuse.
   *
   * @param isReadOnly returns true if cookies can no longer be set; the token must then not be used up
   */
  abstract restore(
    req: Request,
    verify: VerifyRemembered,
    isReadOnly: () => boolean,
  ): Promise<Restored | "inactive" | null>;

  /**
   * Adds a session to a browser's record. Without this, the new session would outlive its browser. It reads the record
   * first, because the update needs the revision and the sessions that the record names.
   *
   * @param session as with `issue`
   * @returns the sessions that the record named before, and until when the browser is remembered (0 without a record);
   * null if the browser was forgotten
   */
  abstract moveTo(
    series: string | null,
    session: string | null,
    moving?: Moving,
  ): Promise<{ before: readonly string[]; until: number } | null>;

  /** Is this the last session that the browser's record names? */
  abstract namesLast(series: string | null, session: string): Promise<boolean>;

  /**
   * Forgets a browser and ends the sessions that its record names. Resolves with the record that this call ended, or
   * with null.
   */
  abstract end(series: string | null, named?: NamedSessions): Promise<SessionRecord | null>;

  /**
   * Forgets the browser of a login, if the request's cookie is of this browser too. Resolves with whether it is. A
   * used-up cookie is treated as misuse.
   *
   * The login's session exists, so the browser was not restored since the session began, and its cookie is current. So
   * this does not read the record first, as `loginOf` does: it compares the cookie with the record that it ended.
   *
   * @param kept the session in use, which the caller ends
   */
  async endOwn(_req: Request, _series: string | null, _kept: string | null): Promise<boolean> {
    return false;
  }

  /**
   * Ends the record of the request's cookie even if the store cannot read it. Otherwise, the cookie could restore the
   * login when the record can be read again.
   */
  abstract endUnreadable(req: Request): Promise<void>;

  /**
   * Call this after a field of the login has changed that a restore keeps. Resolves with how long the new cookie lasts;
   * null if the login needs no new cookie, because the browser's record contains the field.
   */
  abstract renewalFor(req: Request, login: RememberedLogin): Promise<NewRemembered | null>;

  /** Is there a remember cookie in the request, valid or not? */
  isIn(req: Request): boolean {
    return this.cookie.isIn(req);
  }

  /** Sets the cookie. */
  set(req: Request, res: Response, { value, until }: IssuedCookie): void {
    const maxAge = Math.ceil((until - Date.now()) / 1000) * 1000; // browsers count in seconds
    this.cookie.set(req, res, value, { maxAge, encode: String });
  }

  /** Removes the cookie if the browser has sent it, or if this response was going to set it. */
  forget(req: Request, res: Response): void {
    this.cookie.clearIfAny(req, res);
  }

  /** Returns the pair `name=value` for a Cookie header. */
  pair({ value }: IssuedCookie): string {
    return `${this.cookie.name}=${value}`;
  }

  /** @throws InsecureConnectionError if the cookie cannot reach the browser */
  assertDeliverable(req: Request): void {
    this.cookie.assertDeliverable(req);
  }

  /** Called after logins were revoked. Warns if their browsers cannot be forgotten. */
  noteRevocation(): void {}

  /**
   * Records that the request's cookie was valid when the request arrived. The request of an open WebSocket still has
   * its old cookie after the browser got a new one. This is not misuse.
   */
  vouchFor(req: Request): void {
    this.#vouched.add(req);
  }

  protected isVouchedFor(req: Request): boolean {
    return this.#vouched.has(req);
  }

  /** The cookie's value; undefined if the cookie is absent, or was sent more than once. */
  protected valueIn(req: Request): string | undefined {
    return this.cookie.valueIn(req);
  }
}
