import { randomBytes } from "node:crypto";
import type { Request } from "express";
import type { StorageIds } from "../crypto/storage-id.js";
import type { Clients } from "../http/client.js";
import type { BrowserCookie } from "../http/cookies/browser-cookie.js";
import type { JsonObject } from "../json.js";
import type { Devices } from "../options/devices.js";
import { FORMAT } from "../store/format.js";
import type { SessionRecord, SessionStore, SessionUpdate } from "../store/session-store.js";
import {
  browserIn,
  dataOf,
  endBrowser,
  laterOf,
  type NamedSessions,
  namesOf,
  type RememberedBrowser,
} from "./browser-record.js";
import { type OnMisuse, reportMisuse } from "./misuse.js";
import { type MovedBrowser, moveBrowser } from "./move-browser.js";
import { judge, type PresentedToken, readBrowser, readPresented, type TokenReader } from "./presented-token.js";
import {
  type CookieLogin,
  type IssuedCookie,
  type Moving,
  Remember,
  type Restored,
  type VerifyRemembered,
} from "./remember.js";
import { fieldsFor, type NewRemembered, type RememberedLogin, restoredFields } from "./remembered-login.js";
import type { RememberTokens } from "./token.js";

/** The options of the persistent mode. */
export interface PersistentOptions {
  cookie: BrowserCookie;
  rememberIdleTimeout: number;
  refreshEachRequest: boolean;
  clients: Clients;
  devices: Devices | undefined;
}

/**
 * The persistent remember cookie. Its value is a token, which consists of a series, a generation and a signature. The
 * series has a record in the store, which names the browser's session. Each restore increases the generation by one. So
 * a comparison with the record shows how many restores ago the token was made. The signature proves that latchkey made
 * the token.
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
    time: NewRemembered,
    session: string | null,
  ): Promise<IssuedCookie> {
    const series = randomBytes(16).toString("base64url");
    const { userId, loginId, stamp } = login;
    const { duration, until, later: { login: before, ...later } = {} } = time;
    const first = { v: FORMAT, generation: 0, sessions: namesOf(session), fingerprint: null };
    const shown = this.options.clients.shown(req);
    const fields = fieldsFor(login, before as JsonObject | undefined);
    const browser = { ...later, userId, loginId, stamp, duration, until, ...first, ...shown, ...fields };
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
    return { ...browser, ...restoredFields(browser.login), series: id, isUsedUp, later: laterOf(browser) };
  }

  async restore(
    req: Request,
    verify: VerifyRemembered,
    isReadOnly: () => boolean,
  ): Promise<Restored | "inactive" | null> {
    const presented = await this.#presentedBy(req);
    if (!presented || presented.isUsedUp) return this.options.devices?.hasRefused(req) ? "inactive" : null;
    const { id, record, browser, isPrevious, isRecent, isInGrace } = presented;
    const { userId, loginId } = browser;

    const verified = await verify(userId, browser.stamp);
    if (verified === null && !isReadOnly()) await this.end(id, browser);
    if (verified === null || verified === "inactive") return verified;
    const { duration, until, login } = browser;
    const restored = { user: verified.user, userId, loginId, series: id, login, duration, until };
    if (isReadOnly()) return { ...restored, issued: null };
    if (isInGrace) {
      // Another client may be a thief. With the new token, a thief could continue to use the login, and no restore of
      // the owner would detect it.
      const isSameClient = isPrevious && this.#isSameClient(req, browser);
      const issued = isSameClient ? this.#cookieOf(presented.series, browser.generation, record) : null;
      return { ...restored, issued, restoredElsewhere: isPrevious && isRecent };
    }
    const commit = async (session: string | null) => {
      // The sessions are ended in the order in which they were named. If a confirmation finds that its old session has
      // ended, it ends its new one too.
      for (const one of browser.sessions) await this.store.destroy(one);
      const generation = presented.generation + 1;
      const { clients } = this.options;
      const client = { fingerprint: clients.hashOf(loginId, req), ...clients.shown(req) };
      const next = { ...browser, stamp: verified.stamp, generation, sessions: namesOf(session), ...client };
      const written = this.#written(next, Date.now());
      const isFirst = await this.store.update(id, { ...written, revision: record.revision });
      return isFirst ? { issued: this.#cookieOf(presented.series, generation, written) } : null;
    };
    return { ...restored, issued: null, commit };
  }

  moveTo(series: string | null, session: string | null, moving: Moving = {}): Promise<MovedBrowser | null> {
    return moveBrowser(this.store, series, session, moving);
  }

  async namesLast(series: string | null, session: string): Promise<boolean> {
    if (series === null) return true;
    const record = await readBrowser(this.store, series);
    return record !== null && browserIn(record).sessions.at(-1) === session;
  }

  async renewalFor(): Promise<null> {
    return null;
  }

  async end(series: string | null, named?: NamedSessions): Promise<SessionRecord | null> {
    return series === null ? null : endBrowser(this.store, series, named);
  }

  override async endOwn(req: Request, series: string | null, kept: string | null): Promise<boolean> {
    const token = this.tokens.read(this.valueIn(req));
    if (!token || series !== this.ids.of(token.series)) return false;
    const record = await endBrowser(this.store, series, { kept });
    if (!record) return true;
    const presented = await judge(this.#reader(req), token, record);
    const isMisuse = presented.isUsedUp && !this.isVouchedFor(req) && this.#isAdmitted(req, presented);
    if (isMisuse) await reportMisuse(this.onMisuse, req, presented, true);
    return true;
  }

  async endUnreadable(req: Request): Promise<void> {
    const series = this.seriesIn(req);
    if (series !== null) await this.store.destroy(series);
  }

  /** The id of the record that the request's cookie names; null if there is none. The cookie may be used up. */
  seriesIn(req: Request): string | null {
    const token = this.tokens.read(this.valueIn(req));
    return token && this.ids.of(token.series);
  }

  /**
   * Returns the valid token of a request whose browser has a record, or null. A bound login needs its device. A used-up
   * token is reported to `onMisuse`.
   */
  async #presentedBy(req: Request): Promise<PresentedToken | null> {
    const presented = await readPresented(this.#reader(req), this.valueIn(req));
    if (!presented) return null;
    // A copied cookie must neither log anybody in nor raise an alarm that ends the login of its owner.
    if (!this.#isAdmitted(req, presented)) return null;
    if (!presented.isUsedUp) this.vouchFor(req);
    else if (!this.isVouchedFor(req)) await reportMisuse(this.onMisuse, req, presented);
    return presented;
  }

  #isAdmitted(req: Request, presented: PresentedToken): boolean {
    return this.options.devices?.admits(req, presented) !== false;
  }

  #reader(req: Request): TokenReader {
    const { tokens, ids, store } = this;
    return { tokens, ids, store, isSameClient: (browser) => this.#isSameClient(req, browser) };
  }

  /** Does the request come from the client of the last restore? */
  #isSameClient(req: Request, { loginId, fingerprint }: RememberedBrowser): boolean {
    return fingerprint !== null && this.options.clients.check(fingerprint, loginId, req) !== undefined;
  }

  #cookieOf(series: string, generation: number, { expiresAt }: Pick<SessionRecord, "expiresAt">): IssuedCookie {
    return { value: this.tokens.write(series, generation), until: expiresAt, series: this.ids.of(series) };
  }

  /** Returns the part of a browser's record that a login or a restore writes. */
  #written(browser: RememberedBrowser, now: number): Omit<SessionUpdate, "revision"> {
    const { rememberIdleTimeout, refreshEachRequest } = this.options;
    const until = refreshEachRequest ? now + browser.duration : browser.until;
    const expiresAt = Math.ceil(Math.min(now + rememberIdleTimeout, until));
    return { data: dataOf({ ...browser, until }), lastSeenAt: now, expiresAt };
  }
}
