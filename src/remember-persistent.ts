import { randomBytes } from "node:crypto";
import type { Request } from "express";
import type { ResolvedCookie } from "./cookies.js";
import { StoreUnavailableError } from "./errors.js";
import type { TokenUse } from "./events.js";
import { ageOf } from "./freshness.js";
import type { JsonObject } from "./json.js";
import { isSame, Keyring } from "./keys.js";
import {
  type Admit,
  type Grant,
  type Held,
  Remember,
  type RememberedLogin,
  type RememberedTime,
  type Restored,
} from "./remember.js";
import { type PresentedToken, readToken, writeToken } from "./remember-token.js";
import type { RememberTokenRecord } from "./remember-token-store.js";
import { clientOf } from "./session-protection.js";
import { storageId } from "./storage-id.js";
import type { StoreCalls } from "./store-calls.js";

/** What the record of a browser says, beside its user, its token and its expiry. */
export interface RememberedBrowser extends RememberedLogin, RememberedTime {
  /** How many tokens there were before the one of now. */
  generation: number;
  previousHash: string | null;
  /** When the token of now took the place of another; null for the first. */
  rotatedAt: number | null;
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
  rememberCookie: ResolvedCookie;
  rememberIdleTimeout: number;
  refreshEachRequest: boolean;
}

/** Ends what a token that was used up calls into doubt. */
export interface OnMisuse {
  /** The previous token, too late for a concurrent request: a response was lost, or the cookie was copied. */
  stale(misuse: TokenMisuse): Promise<void>;
  /** A token whose successor was used up as well: two browsers hold the cookie. */
  theft(misuse: TokenMisuse): Promise<void>;
}

/**
 * For so long, in milliseconds, a token counts on beside its successor, for requests that were sent at once, and for so long no token
 * is replaced that has just replaced another, so that none of them is two generations late.
 */
const GRACE = 60_000;
/** One request may be faster, and one may change the record. */
const MOST_TRIES = 5;
/** How far back a token is recognized as one that was given once. */
const LONGEST_PAST = 10_000;

/**
 * The persistent remember cookie, `v1.<series>.<token>`: the series names the browser, the token is used up by each restore. Stores
 * see the SHA-256 of either.
 *
 * The tokens of a series are HMACs of their numbers, so requests that present the same one at once all get the same successor, of
 * which the store has the hash alone.
 */
export class RememberPersistent extends Remember {
  readonly mode = "persistent";
  readonly #keys: Keyring;

  constructor(
    readonly options: PersistentOptions,
    secrets: readonly string[],
    private readonly calls: StoreCalls,
    private readonly onMisuse: OnMisuse,
  ) {
    super(options.rememberCookie);
    this.#keys = new Keyring(secrets, "remember token");
  }

  async grant(req: Request | undefined, login: RememberedLogin, time: RememberedTime): Promise<Grant> {
    const series = randomBytes(16).toString("base64url");
    const { userId, loginId, stamp } = login;
    const { duration, until } = time;
    const first = { generation: 0, previousHash: null, rotatedAt: null };
    const browser = { userId, loginId, stamp, duration, until, ...first, ...clientOf(req) };
    const token = this.#tokens(series, 0)[0]!;
    const record = this.#record(browser, storageId(token), Date.now());
    const id = storageId(series);
    await this.calls.createToken(id, record);
    return grantOf(series, token, record);
  }

  async heldBy(req: Request): Promise<Held | null> {
    const presented = readToken(this.valueIn(req));
    const record = presented && (await this.#read(presented.id));
    return record && this.#age(record, presented) !== null ? browserOf(record) : null;
  }

  async restore(req: Request, admit: Admit, isReadOnly: () => boolean): Promise<Restored | "inactive" | null> {
    const presented = readToken(this.valueIn(req));
    if (!presented) return null;
    const { id, series } = presented;
    for (let tried = 1; tried <= MOST_TRIES; tried++) {
      const record = await this.#read(id);
      if (!record) return null;
      const browser = browserOf(record);
      const age = this.#age(record, presented);
      if (age === null) return null;
      const rotatedLately = browser.rotatedAt !== null && ageOf(browser.rotatedAt) <= GRACE;
      if (age > 1 || (age === 1 && !rotatedLately)) {
        if (!isReadOnly()) await this.#misused(req, id, record, age);
        return null;
      }

      const admitted = await admit(record.userId, browser.stamp);
      if (admitted === null && !isReadOnly()) await this.end(id);
      if (admitted === null || admitted === "inactive") return admitted;
      const restored = { user: admitted.user, userId: record.userId, loginId: browser.loginId, series: id };
      if (isReadOnly()) return { ...restored, grant: null, once: true };
      if (rotatedLately) {
        const token = this.#tokens(series, browser.generation).find((one) => storageId(one) === record.tokenHash);
        const grant = token && age === 1 ? grantOf(series, token, record) : null;
        return { ...restored, grant, once: true, forestalled: age === 1 };
      }

      const generation = browser.generation + 1;
      const token = this.#tokens(series, generation)[0]!;
      const next = this.#record(
        {
          ...browser,
          stamp: admitted.stamp,
          generation,
          previousHash: record.tokenHash,
          rotatedAt: Date.now(),
          ...clientOf(req),
        },
        storageId(token),
        record.createdAt,
      );
      const rotated = await this.calls.tokens("rotate", (tokens) => tokens.rotate(id, record.tokenHash, next));
      if (rotated) return { ...restored, grant: grantOf(series, token, next), once: false };
      // Another request was faster: this one's token is the previous one now, or the record is gone.
    }
    throw new StoreUnavailableError("the store did not rotate a remember token");
  }

  async isLive(series: string | null): Promise<boolean> {
    return series === null || (await this.#read(series)) !== null;
  }

  seriesOf(req: Request): string | null {
    return readToken(this.valueIn(req))?.id ?? null;
  }

  async end(series: string | null): Promise<void> {
    if (series !== null) await this.calls.tokens("destroy", (tokens) => tokens.destroy(series));
  }

  #read(id: string): Promise<RememberTokenRecord | null> {
    return this.calls.tokens("read", (tokens) => tokens.read(id));
  }

  /** The token of a generation, under each of the keys. */
  #tokens(series: string, generation: number): string[] {
    return this.#keys.signAll(`${series}.${generation}`);
  }

  /** How many tokens of its series came after the one presented; null when it was never given, or by a secret that is gone. */
  #age(record: RememberTokenRecord, given: PresentedToken): number | null {
    const { generation, previousHash } = browserOf(record);
    const hash = storageId(given.token);
    for (let age = 0; age <= Math.min(generation, LONGEST_PAST); age++) {
      if (!this.#tokens(given.series, generation - age).some((token) => isSame(token, given.token))) continue;
      // What another process made of the same number, under another secret, was given to nobody.
      const kept = [record.tokenHash, previousHash][age];
      return kept === undefined || (kept !== null && isSame(kept, hash)) ? age : null;
    }
    return null;
  }

  async #misused(req: Request, series: string, record: RememberTokenRecord, age: number): Promise<void> {
    const { userId, loginId, address, userAgent, rotatedAt } = browserOf(record);
    const last = { address, userAgent, at: rotatedAt ?? record.createdAt };
    const misuse = { req, userId, loginId, series, last };
    await (age === 1 ? this.onMisuse.stale(misuse) : this.onMisuse.theft(misuse));
  }

  #record(browser: RememberedBrowser, tokenHash: string, createdAt: number): RememberTokenRecord {
    const { rememberIdleTimeout, refreshEachRequest } = this.options;
    const now = Date.now();
    const until = refreshEachRequest ? now + browser.duration : browser.until;
    const { userId, ...data } = { ...browser, until };
    const expiresAt = Math.ceil(Math.min(now + rememberIdleTimeout, until));
    return { userId, tokenHash, data: data as unknown as JsonObject, createdAt, expiresAt };
  }
}

function browserOf({ userId, data }: RememberTokenRecord): RememberedBrowser {
  return { ...(data as unknown as RememberedBrowser), userId };
}

function grantOf(series: string, token: string, { expiresAt }: RememberTokenRecord): Grant {
  return { value: writeToken(series, token), until: expiresAt, series: storageId(series) };
}
