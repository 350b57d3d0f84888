import type { Request, Response } from "express";
import type { BrowserCookie } from "../http/browser-cookie.js";
import type { NamedSessions } from "./browser-record.js";
import type { RememberedLogin, RememberedTime } from "./remembered-login.js";

/** A remember cookie that is ready to be set. */
export interface Grant {
  value: string;
  /** The instant when its time is over. */
  until: number;
  /** The id of the browser's record, if there is one. */
  series: string | null;
}

/** The login that a remember cookie was given for. */
export interface Held extends RememberedTime {
  userId: string;
  loginId: string;
  /** The id of the browser's record, if there is one. */
  series: string | null;
  /** The ids of the records of the sessions that its record names. */
  sessions: readonly string[];
  /** Was the cookie used up by a restore? A used-up cookie restores nothing. */
  isUsedUp: boolean;
}

/** What is known of the sessions of a browser whose login moves to another one. */
export interface Moving {
  /** The id of the record of the session that the login is in, if it is in one. */
  own?: string | null | undefined;
  /** A session that was named before, and could not be created because its id is taken: it is not the browser's. */
  instead?: string | null | undefined;
}

/** What a remember cookie restores. */
export interface Restored {
  user: object;
  userId: string;
  /** The login that it continues. */
  loginId: string;
  series: string | null;
  /** The cookie to set; null to leave the browser the one that it has. */
  grant: Grant | null;
  /** Has another request of the browser's restored it already, whose answer gives it a session? */
  restoredElsewhere?: boolean;
  /**
   * Uses up the token for a session that is to be created, and ends the browser's last one; null, and nothing done, when another request
   * has changed the browser's record meanwhile. Absent if the login is restored for this request alone.
   *
   * @param session the id of the new session's record; null for a session of the application's own
   */
  commit?: (session: string | null) => Promise<{ grant: Grant | null } | null>;
}

/**
 * Gives the user of a remember cookie, with the hash of its stamp to keep from now on; null when there is none any more, or its stamp
 * is another; "inactive" when it may not log in, as long as that lasts.
 */
export type Admit = (
  userId: string,
  stamp: string | null,
) => Promise<{ user: object; stamp: string | null } | "inactive" | null>;

/** Remembering browsers, with its two designs: RememberStateless and RememberPersistent. */
export abstract class Remember {
  /** Requests whose cookie was valid when they came. */
  readonly #vouched = new WeakSet<Request>();

  constructor(protected readonly cookie: BrowserCookie) {}

  abstract readonly mode: "persistent" | "stateless";

  /**
   * Makes a cookie for a login. It is worth nothing once `end` was given its series.
   *
   * @param session the id of the record of the login's session; null for a session of the application's own
   */
  abstract grant(
    req: Request | undefined,
    login: RememberedLogin,
    time: RememberedTime,
    session: string | null,
  ): Promise<Grant>;

  /**
   * The login that the request's cookie was set for; null when the cookie is absent or forged, or its browser was forgotten. A used-up
   * cookie raises the alarm.
   */
  abstract heldBy(req: Request): Promise<Held | null>;

  /**
   * Restores the login of the request's cookie. Resolves with null when the cookie is not valid, and with "inactive" when its user is not
   * active. A used-up cookie raises the alarm.
   *
   * @param isReadOnly tells whether no cookie can be set any more, so that none may be used up
   */
  abstract restore(req: Request, admit: Admit, isReadOnly: () => boolean): Promise<Restored | "inactive" | null>;

  /**
   * Names one more session in the record of a browser, and tells which ones it named before; null when the browser was forgotten.
   *
   * @param session as with `grant`
   */
  abstract moveTo(
    series: string | null,
    session: string | null,
    moving?: Moving,
  ): Promise<{ before: readonly string[] } | null>;

  /** Does the record of a browser name this session, and none after it? */
  abstract namesLast(series: string | null, session: string): Promise<boolean>;

  /** Forgets a browser, ends the sessions that its record names, and tells whether there was a record and this call ended it. */
  abstract end(series: string | null, named?: NamedSessions): Promise<boolean>;

  /** Ends the record of the request's cookie if it cannot be read, so that it restores nothing once it can be read again. */
  abstract endUnreadable(req: Request): Promise<void>;

  /** Is there a remember cookie in the request, good or bad? */
  isIn(req: Request): boolean {
    return this.cookie.isIn(req);
  }

  /** Sets the cookie. */
  set(req: Request, res: Response, { value, until }: Grant): void {
    const maxAge = Math.ceil((until - Date.now()) / 1000) * 1000; // browsers count in seconds
    this.cookie.set(req, res, value, { maxAge, encode: String });
  }

  /** Removes the cookie from a browser that has it, or that this response was to give it. */
  forget(req: Request, res: Response): void {
    if (this.isIn(req) || this.cookie.isChangedBy(res)) this.cookie.clear(req, res);
  }

  /** The pair `name=value` for a Cookie header. */
  pair({ value }: Grant): string {
    return `${this.cookie.name}=${value}`;
  }

  /** @throws InsecureConnectionError when the cookie could never reach the browser */
  assertDeliverable(req: Request): void {
    this.cookie.assertDeliverable(req);
  }

  /** Called when logins were ended from elsewhere. Warns if their browsers cannot be forgotten. */
  noteRevocation(): void {}

  /** Notes that the request's cookie was valid when it came. A socket stays open while its browser replaces the cookie: no misuse. */
  vouchFor(req: Request): void {
    this.#vouched.add(req);
  }

  protected isVouchedFor(req: Request): boolean {
    return this.#vouched.has(req);
  }

  /** The cookie's value; undefined when it is absent or doubled. */
  protected valueIn(req: Request): string | undefined {
    return this.cookie.valueIn(req);
  }
}
