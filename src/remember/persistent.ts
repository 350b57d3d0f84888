import { randomBytes } from "node:crypto";
import type { Request } from "express";
import { storageId } from "../crypto/storage-id.js";
import { StoreUnavailableError } from "../errors.js";
import type { TokenUse } from "../events.js";
import type { BrowserCookie } from "../http/browser-cookie.js";
import { clientOf } from "../http/client.js";
import { ageOf } from "../instants.js";
import type { JsonObject } from "../json.js";
import type { RememberTokenRecord } from "../store/remember-token-store.js";
import type { StoreCalls } from "../store/store-calls.js";
import {
  type Admit,
  type Grant,
  type Held,
  Remember,
  type RememberedLogin,
  type RememberedTime,
  type Restored,
} from "./remember.js";
import { type RememberToken, RememberTokens } from "./token.js";

/** What the record of a browser says, beside its user, its token and its expiry. */
export interface RememberedBrowser extends RememberedLogin, RememberedTime {
  /** How many restores there were: the number of the current token. */
  generation: number;
  /** When the last restore was; null before the first. */
  rotatedAt: number | null;
  /** The client of the last restore; null before the first. */
  fingerprint: string | null;
  /** Where it was last used from. */
  address: string | null;
  userAgent: string | null;
}

/** A token that was used up, presented again. */
export interface TokenMisuse {
  req: Request;
  userId: string;
  loginId: string;
  /** The id of the browser's record. */
  series: string;
  /** Where the token was last used that is before the one of now. */
  last: TokenUse;
}

/** The options of the persistent design. */
export interface PersistentOptions {
  cookie: BrowserCookie;
  rememberIdleTimeout: number;
  refreshEachRequest: boolean;
  fingerprint: (req: Request) => string;
}

/** Ends the logins that a used-up token calls into doubt. */
export interface OnMisuse {
  /** The previous token, after the grace period: a response was lost, or the cookie was copied. */
  stale(misuse: TokenMisuse): Promise<void>;
  /** An older token: two browsers hold the cookie. */
  theft(misuse: TokenMisuse): Promise<void>;
}

/** A genuine token of a request, and the record of its browser. */
interface Presented {
  token: RememberToken;
  record: RememberTokenRecord;
  browser: RememberedBrowser;
  /** Is it the token before the current one? */
  isPrevious: boolean;
  /** Was the last restore less than the grace period ago? */
  isInGrace: boolean;
  isUsedUp: boolean;
}

/**
 * Grace period: how long the previous token still logs in requests that were sent at the same time, in milliseconds. The current token is
 * not replaced during this period, so any older token was replaced before it and cannot come from such a request.
 */
const GRACE = 60_000;
/** How often a restore is tried. Each time, another request may have changed the record first. */
const MOST_TRIES = 5;

/**
 * The persistent remember cookie. It has a series, which has a record in the store, and a generation, which each restore raises by one.
 * The signature proves that latchkey made the token. The record tells how many restores ago that was.
 */
export class RememberPersistent extends Remember {
  readonly mode = "persistent";
  readonly #tokens: RememberTokens;

  constructor(
    readonly options: PersistentOptions,
    secrets: readonly string[],
    private readonly calls: StoreCalls,
    private readonly onMisuse: OnMisuse,
  ) {
    super(options.cookie);
    this.#tokens = new RememberTokens(secrets);
  }

  async grant(req: Request | undefined, login: RememberedLogin, time: RememberedTime): Promise<Grant> {
    const series = randomBytes(16).toString("base64url");
    const { userId, loginId, stamp } = login;
    const { duration, until } = time;
    const first = { generation: 0, rotatedAt: null, fingerprint: null };
    const browser = { userId, loginId, stamp, duration, until, ...first, ...clientOf(req) };
    const value = this.#tokens.write(series, 0)[0]!;
    const record = this.#record(browser, value, Date.now());
    const id = storageId(series);
    await this.calls.createToken(id, record);
    return grantOf(id, value, record);
  }

  async heldBy(req: Request): Promise<Held | null> {
    const presented = await this.#presentedBy(req);
    if (!presented) return null;
    const { token, browser, isUsedUp } = presented;
    return { ...browser, series: token.id, isUsedUp };
  }

  async restore(req: Request, admit: Admit, isReadOnly: () => boolean): Promise<Restored | "inactive" | null> {
    for (let tried = 1; tried <= MOST_TRIES; tried++) {
      const presented = await this.#presentedBy(req);
      if (!presented || presented.isUsedUp) return null;
      const { token, record, browser, isPrevious, isInGrace } = presented;
      const { id, series } = token;

      const admitted = await admit(record.userId, browser.stamp);
      if (admitted === null && !isReadOnly()) await this.end(id);
      if (admitted === null || admitted === "inactive") return admitted;
      const restored = { user: admitted.user, userId: record.userId, loginId: browser.loginId, series: id };
      if (isReadOnly()) return { ...restored, grant: null, once: true };
      if (isInGrace) {
        // Another client may be a thief's. With the new token it could follow the owner's restores without being detected.
        const isSameClient = isPrevious && this.options.fingerprint(req) === browser.fingerprint;
        const grant = isSameClient ? this.#currentGrant(token, record) : null;
        return { ...restored, grant, once: true, forestalled: isPrevious };
      }

      const generation = token.generation + 1;
      const value = this.#tokens.write(series, generation)[0]!;
      const client = { fingerprint: this.options.fingerprint(req), ...clientOf(req) };
      const restore = { stamp: admitted.stamp, generation, rotatedAt: Date.now(), ...client };
      const next = this.#record({ ...browser, ...restore }, value, record.createdAt);
      const rotated = await this.calls.tokens("rotate", (tokens) => tokens.rotate(id, record.tokenHash, next));
      if (rotated) return { ...restored, grant: grantOf(id, value, next), once: false };
      // Another request was faster: this one's token is the previous one now, or the record is gone.
    }
    throw new StoreUnavailableError("the store did not rotate a remember token");
  }

  async isLive(series: string | null): Promise<boolean> {
    return series === null || (await this.#read(series)) !== null;
  }

  async end(series: string | null): Promise<void> {
    if (series !== null) await this.calls.tokens("destroy", (tokens) => tokens.destroy(series));
  }

  #read(id: string): Promise<RememberTokenRecord | null> {
    return this.calls.readToken(id);
  }

  /** The genuine token of a request whose browser has a record. A used-up token raises the alarm. */
  async #presentedBy(req: Request): Promise<Presented | null> {
    const token = this.#tokens.read(this.valueIn(req));
    const record = token && (await this.#read(token.id));
    if (!record) return null;
    const browser = browserOf(record);
    // Negative if the store has lost the restore that made the token, for instance by a failover: it counts as the current token.
    const age = browser.generation - token.generation;
    const isInGrace = browser.rotatedAt !== null && ageOf(browser.rotatedAt) <= GRACE;
    const isPrevious = age === 1;
    const isUsedUp = age > 1 || (isPrevious && !isInGrace);
    if (!isUsedUp) this.vouchFor(req);
    else if (!this.isVouchedFor(req)) await this.#misused(req, token.id, record, isPrevious);
    return { token, record, browser, isPrevious, isInGrace, isUsedUp };
  }

  async #misused(req: Request, series: string, record: RememberTokenRecord, isPrevious: boolean): Promise<void> {
    const { userId, loginId, address, userAgent, rotatedAt } = browserOf(record);
    const last = { address, userAgent, at: rotatedAt ?? record.createdAt };
    const misuse = { req, userId, loginId, series, last };
    await (isPrevious ? this.onMisuse.stale(misuse) : this.onMisuse.theft(misuse));
  }

  /** The current token, as the restore made it: another process may have signed it with another secret. */
  #currentGrant({ id, series }: RememberToken, record: RememberTokenRecord): Grant | null {
    const { generation } = browserOf(record);
    const value = this.#tokens.write(series, generation).find((one) => storageId(one) === record.tokenHash);
    return value === undefined ? null : grantOf(id, value, record);
  }

  #record(browser: RememberedBrowser, value: string, createdAt: number): RememberTokenRecord {
    const { rememberIdleTimeout, refreshEachRequest } = this.options;
    const now = Date.now();
    const until = refreshEachRequest ? now + browser.duration : browser.until;
    const { userId, ...data } = { ...browser, until };
    const expiresAt = Math.ceil(Math.min(now + rememberIdleTimeout, until));
    return { userId, tokenHash: storageId(value), data: data as unknown as JsonObject, createdAt, expiresAt };
  }
}

function browserOf({ userId, data }: RememberTokenRecord): RememberedBrowser {
  return { ...(data as unknown as RememberedBrowser), userId };
}

function grantOf(series: string, value: string, { expiresAt }: RememberTokenRecord): Grant {
  return { value, until: expiresAt, series };
}
