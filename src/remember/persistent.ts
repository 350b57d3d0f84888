import { randomBytes } from "node:crypto";
import type { Request } from "express";
import type { StorageIds } from "../crypto/storage-id.js";
import { StoreUnavailableError } from "../errors.js";
import { clientOf } from "../http/client.js";
import type { BrowserCookie } from "../http/cookies/browser-cookie.js";
import { ageOf } from "../instants.js";
import type { SessionRecord, SessionStore, SessionUpdate } from "../store/session-store.js";
import {
  browserIn,
  dataOf,
  endBrowser,
  type NamedSessions,
  namedSince,
  type RememberedBrowser,
} from "./browser-record.js";
import type { OnMisuse } from "./misuse.js";
import {
  type CookieLogin,
  type IssuedCookie,
  type Moving,
  Remember,
  type Restored,
  type VerifyRemembered,
} from "./remember.js";
import type { RememberedLogin, RememberedTime } from "./remembered-login.js";
import type { RememberTokens } from "./token.js";

/** The options of the persistent design. */
export interface PersistentOptions {
  cookie: BrowserCookie;
  rememberIdleTimeout: number;
  refreshEachRequest: boolean;
  fingerprint: (req: Request) => string;
}

/** A valid token of a request, and the record of its browser. */
interface Presented {
  series: string;
  /** The number of the token that was presented. */
  generation: number;
  /** The id of the browser's record. */
  id: string;
  record: SessionRecord;
  browser: RememberedBrowser;
  /** Is it the token before the current one? */
  isPrevious: boolean;
  /** Was the last restore less than the grace period ago? */
  isRecent: boolean;
  /** Is `isRecent` true, or was the response to the last restore lost? Then the previous token is still accepted. */
  isInGrace: boolean;
  isUsedUp: boolean;
}

/**
 * Grace period, in milliseconds: how long the previous token still restores a login, for requests that were sent at the
 * same time. The current token is not replaced during this period, so a token older than the previous one cannot come
 * from such a request.
 */
const GRACE = 60_000;
/**
 * The longest time between a restore and the creation of its session, in milliseconds. If a session was last seen later
 * than this, it was used.
 */
const LONGEST_CREATE = 5000;
/** How many times a change to a browser's record is tried when other requests change it meanwhile. */
const MAX_TRIES = 5;

/**
 * The persistent remember cookie. It has a series, which has a record in the store, and a generation, which each
 * restore raises by one. The signature proves that latchkey made the token. The record tells how many restores ago the
 * token was made, and names the browser's session.
 */
export class RememberPersistent extends Remember {
  readonly mode = "persistent";

  constructor(
    readonly options: PersistentOptions,
    private readonly tokens: RememberTokens,
    private readonly ids: StorageIds,
    private readonly store: SessionStore,
    private readonly onMisuse: OnMisuse,
  ) {
    super(options.cookie);
  }

  async issue(
    req: Request | undefined,
    login: RememberedLogin,
    time: RememberedTime,
    session: string | null,
  ): Promise<IssuedCookie> {
    const series = randomBytes(16).toString("base64url");
    const { userId, loginId, stamp } = login;
    const { duration, until } = time;
    const first = { generation: 0, sessions: named(session), fingerprint: null };
    const browser = { userId, loginId, stamp, duration, until, ...first, ...clientOf(req) };
    const now = Date.now();
    const written = this.#written(browser, now);
    const id = this.ids.of(series);
    await this.store.create(id, { kind: "browser", userId, createdAt: now, revision: 0, ...written });
    return this.#cookieOf(series, 0, written);
  }

  async loginOf(req: Request): Promise<CookieLogin | null> {
    const presented = await this.#presentedBy(req);
    if (!presented) return null;
    const { id, browser, isUsedUp } = presented;
    return { ...browser, series: id, isUsedUp };
  }

  async restore(
    req: Request,
    verify: VerifyRemembered,
    isReadOnly: () => boolean,
  ): Promise<Restored | "inactive" | null> {
    const presented = await this.#presentedBy(req);
    if (!presented || presented.isUsedUp) return null;
    const { id, record, browser, isPrevious, isRecent, isInGrace } = presented;
    const { userId, loginId } = browser;

    const verified = await verify(userId, browser.stamp);
    if (verified === null && !isReadOnly()) await this.end(id, browser);
    if (verified === null || verified === "inactive") return verified;
    const restored = { user: verified.user, userId, loginId, series: id };
    if (isReadOnly()) return { ...restored, issued: null };
    if (isInGrace) {
      // Another client may be a thief. With the new token, a thief could continue after the owner's restores without
      // being detected.
      const isSameClient = isPrevious && this.options.fingerprint(req) === browser.fingerprint;
      const issued = isSameClient ? this.#cookieOf(presented.series, browser.generation, record) : null;
      return { ...restored, issued, restoredElsewhere: isPrevious && isRecent };
    }
    const commit = async (session: string | null) => {
      // In the order in which they were named: a confirmation that finds its old session ended undoes the new one.
      for (const one of browser.sessions) await this.store.destroy(one);
      const generation = presented.generation + 1;
      const client = { fingerprint: this.options.fingerprint(req), ...clientOf(req) };
      const next = { ...browser, stamp: verified.stamp, generation, sessions: named(session), ...client };
      const written = this.#written(next, Date.now());
      const isFirst = await this.store.update(id, { ...written, revision: record.revision });
      return isFirst ? { issued: this.#cookieOf(presented.series, generation, written) } : null;
    };
    return { ...restored, issued: null, commit };
  }

  async moveTo(
    series: string | null,
    session: string | null,
    { own, instead }: Moving = {},
  ): Promise<{ before: string[] } | null> {
    if (series === null) return { before: [] };
    for (let tried = 1; tried <= MAX_TRIES; tried++) {
      const record = await this.#read(series);
      if (!record) return null;
      const browser = browserIn(record);
      const before = namedSince(browser.sessions, own).filter((one) => one !== instead);
      const update = { ...record, data: dataOf({ ...browser, sessions: [...before, ...named(session)] }) };
      if (await this.store.update(series, update)) return { before };
    }
    throw new StoreUnavailableError("the record of a browser changes faster than it can be written");
  }

  async namesLast(series: string | null, session: string): Promise<boolean> {
    if (series === null) return true;
    const record = await this.#read(series);
    return record !== null && browserIn(record).sessions.at(-1) === session;
  }

  async end(series: string | null, named?: NamedSessions): Promise<boolean> {
    return series !== null && (await endBrowser(this.store, series, named)) !== null;
  }

  async endUnreadable(req: Request): Promise<void> {
    const token = this.tokens.read(this.valueIn(req));
    if (token) await this.store.destroy(this.ids.of(token.series));
  }

  async #read(id: string): Promise<SessionRecord | null> {
    const record = await this.store.read(id);
    return record?.kind === "browser" ? record : null;
  }

  /**
   * Returns the valid token of a request whose browser has a record, or null. A used-up token is reported to
   * `onMisuse`.
   */
  async #presentedBy(req: Request): Promise<Presented | null> {
    const token = this.tokens.read(this.valueIn(req));
    if (!token) return null;
    const { series } = token;
    const id = this.ids.of(series);
    const record = await this.#read(id);
    if (!record) return null;
    const browser = browserIn(record);
    // Negative if the store lost the restore that made this token, for example in a failover. The token then counts as
    // the current one.
    const age = browser.generation - token.generation;
    const isPrevious = age === 1;
    const isRecent = browser.generation > 0 && ageOf(record.lastSeenAt) <= GRACE;
    const isInGrace = isRecent || (isPrevious && (await this.#wasResponseLost(req, record, browser)));
    const isUsedUp = age > 1 || (isPrevious && !isInGrace);
    if (!isUsedUp) this.vouchFor(req);
    else if (!this.isVouchedFor(req)) await this.#misused(req, id, record, isPrevious);
    return { series, generation: token.generation, id, record, browser, isPrevious, isRecent, isInGrace, isUsedUp };
  }

  /**
   * Was the response to the last restore lost? Then the same client presents the previous token, and its new session
   * was never used.
   */
  async #wasResponseLost(
    req: Request,
    { lastSeenAt }: SessionRecord,
    { sessions, fingerprint }: RememberedBrowser,
  ): Promise<boolean> {
    // More than one session means that the session was used: a confirmation moved it.
    if (sessions.length !== 1 || this.options.fingerprint(req) !== fingerprint) return false;
    const created = await this.store.read(sessions[0]!);
    if (created?.kind !== "session" || created.revision !== 0) return false;
    return created.lastSeenAt - lastSeenAt < LONGEST_CREATE;
  }

  async #misused(req: Request, series: string, record: SessionRecord, isPrevious: boolean): Promise<void> {
    const { userId, loginId, sessions, address, userAgent } = browserIn(record);
    const misuse = { req, userId, loginId, series, sessions, last: { address, userAgent, at: record.lastSeenAt } };
    await (isPrevious ? this.onMisuse.stale(misuse) : this.onMisuse.theft(misuse));
  }

  #cookieOf(series: string, generation: number, { expiresAt }: Pick<SessionRecord, "expiresAt">): IssuedCookie {
    return { value: this.tokens.write(series, generation), until: expiresAt, series: this.ids.of(series) };
  }

  /** The part of a browser's record that a login and a restore write. */
  #written(browser: RememberedBrowser, now: number): Omit<SessionUpdate, "revision"> {
    const { rememberIdleTimeout, refreshEachRequest } = this.options;
    const until = refreshEachRequest ? now + browser.duration : browser.until;
    const expiresAt = Math.ceil(Math.min(now + rememberIdleTimeout, until));
    return { data: dataOf({ ...browser, until }), lastSeenAt: now, expiresAt };
  }
}

function named(session: string | null): string[] {
  return session === null ? [] : [session];
}
