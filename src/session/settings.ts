import { randomBytes } from "node:crypto";
import type { Request } from "express";
import { OptionError } from "../errors.js";
import type { LoginEmitter } from "../events.js";
import { BrowserCookie } from "../http/browser-cookie.js";
import { isFromOtherSite } from "../http/cross-site.js";
import type { ResolvedOptions } from "../options/options.js";
import { kindOf } from "../text.js";
import type { SessionAuth } from "./auth.js";
import type { Cookie } from "./cookie.js";

/** How the sessions of one manager are made. */
export class SessionSettings {
  readonly cookie: BrowserCookie;
  readonly rolling: boolean;
  readonly saveUninitialized: boolean;
  /** Does a session end that the application takes from its request? */
  readonly unsetEnds: boolean;
  readonly #options: ResolvedOptions;

  constructor(options: ResolvedOptions, events: LoginEmitter<never>) {
    const { rolling, saveUninitialized, unset, proxy } = options.session;
    const { sessionCookie: resolved, sessionCookieOf: attributesOf } = options;
    this.#options = options;
    this.cookie = new BrowserCookie({ resolved, attributesOf, proxy }, events);
    this.rolling = rolling;
    this.saveUninitialized = saveUninitialized;
    this.unsetEnds = unset === "destroy";
  }

  /** @throws OptionError for an id of the application's that is none */
  newId(req: Request): string {
    const { genid } = this.#options.session;
    if (!genid) return newSessionId();
    const id: unknown = genid(req);
    if (typeof id === "string" && id !== "") return id;
    throw new OptionError("session.genid", `expected it to return a non-empty string, not ${kindOf(id)}`);
  }

  /**
   * May this new session get a row and a cookie? Not if it has no login, and a page of another site sent the request without the session's
   * cookie: the browser may have that cookie and not send it (SameSite), and the new one would replace its login.
   */
  mayBegin(req: Request, { sameSite }: Pick<Cookie, "sameSite">, auth: SessionAuth | undefined): boolean {
    if (auth !== undefined || sameSite === "none") return true;
    return !isFromOtherSite(req) || this.cookie.isIn(req);
  }
}

/** 192 random bits (ASVS 7.2.3). */
export function newSessionId(): string {
  return randomBytes(24).toString("base64url");
}
