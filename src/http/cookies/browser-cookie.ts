import type { CookieOptions as ExpressCookie, Request, Response } from "express";
import { InsecureConnectionError } from "../../errors.js";
import type { LoginEmitter } from "../../events.js";
import { changeHead } from "../before-response.js";
import { keepPrivate, noteCookie } from "../caching.js";
import { isAddressLost } from "../client.js";
import type { ResolvedCookie } from "./attributes.js";
import { changesCookie, hasCookie, hasCookieTwice, isSecure, readCookie, withdrawCookie } from "./cookies.js";
import { otherPlaces } from "./places.js";

/**
 * The attributes in a Set-Cookie header. Unlike in Express's types, each attribute may be undefined, which means
 * absent.
 */
type SentAttributes = { [K in keyof ExpressCookie]: ExpressCookie[K] | undefined };

/** The name and attributes of a cookie, and how to recognize HTTPS. */
interface CookieConfig {
  /** The cookie's name, and its attributes unless `attributesOf` is given. */
  resolved: ResolvedCookie;
  /** Returns the cookie's attributes for a request. */
  attributesOf: ((req: Request) => ResolvedCookie) | undefined;
  /** The option `session.proxy`. */
  proxy: boolean | undefined;
}

/**
 * One of latchkey's cookies, in the requests and responses of a manager.
 *
 * A browser sends a cookie twice if it has stored the cookie for two domains or paths. This happens if a deployment
 * changes the domain or path, or if a sibling subdomain sets a cookie with the same name. latchkey cannot know which of
 * the two cookies is right, so it ignores both. A response that sets or removes the cookie then also removes it for the
 * other domains and paths. Otherwise, that browser could never log in again.
 */
export class BrowserCookie {
  readonly name: string;
  readonly #config: CookieConfig;
  readonly #events: LoginEmitter<never>;
  /** The requests for which the event `cookieDoubled` was emitted. */
  readonly #reported = new WeakSet<Request>();
  #hasWarnedOfDoubled = false;
  #hasWarnedOfPlainHttp = false;

  constructor(config: CookieConfig, events: LoginEmitter<never>) {
    this.name = config.resolved.name;
    this.#config = config;
    this.#events = events;
  }

  /** @throws OptionError if the application's function returns invalid attributes for this request */
  attributesFor(req: Request): ResolvedCookie {
    const { attributesOf, resolved } = this.#config;
    return attributesOf ? attributesOf(req) : resolved;
  }

  /** Did the request arrive over HTTPS? */
  isSecure(req: Request): boolean {
    return isSecure(req, this.#config.proxy);
  }

  /** The cookie's value; undefined if the request has no such cookie, or more than one. */
  valueIn(req: Request): string | undefined {
    return readCookie(req, this.name);
  }

  /** Is the cookie in the request, valid or not? */
  isIn(req: Request): boolean {
    return hasCookie(req, this.name);
  }

  isDoubledIn(req: Request): boolean {
    return hasCookieTwice(req, this.name);
  }

  /** Does the response, as it is now, set or remove the cookie? */
  isChangedBy(res: Response): boolean {
    return changesCookie(res, this.name);
  }

  /** Sets the cookie. `chosen` overrides its attributes. */
  set(req: Request, res: Response, value: string, chosen: ExpressCookie): void {
    this.send(req, res, value, { ...this.#express(req), ...chosen });
  }

  /** Sets the cookie with exactly these attributes, unless the head of the response is already made. */
  send(req: Request, res: Response, value: string, attributes: SentAttributes): void {
    const sent = attributes as ExpressCookie;
    changeHead(res, () => {
      this.#removeElsewhere(req, res, sent);
      res.cookie(this.name, value, sent);
      this.#keepPrivate(req, res);
    });
  }

  /** Removes the cookie from the browser, unless the head of the response is already made. */
  clear(req: Request, res: Response): void {
    changeHead(res, () => {
      const attributes = this.#express(req);
      this.#removeElsewhere(req, res, attributes);
      res.clearCookie(this.name, attributes);
      this.#keepPrivate(req, res);
    });
  }

  /** Removes the cookie if the browser has sent it, or if this response was going to set it. */
  clearIfAny(req: Request, res: Response): void {
    if (this.isIn(req) || this.isChangedBy(res)) this.clear(req, res);
  }

  /** Removes the cookie's Set-Cookie headers from the response, unless the head of the response is already made. */
  withdraw(res: Response): void {
    changeHead(res, () => withdrawCookie(res, this.name));
  }

  /** @throws InsecureConnectionError if the cookie cannot reach the browser */
  assertDeliverable(req: Request, cookie: Pick<ResolvedCookie, "secure"> = this.attributesFor(req)): void {
    if (!this.#canReach(req, cookie)) throw new InsecureConnectionError(this.name);
  }

  /** Can the cookie reach the browser? If not, emits a warning the first time. */
  isDeliverable(req: Request, cookie: Pick<ResolvedCookie, "secure"> = this.attributesFor(req)): boolean {
    const canReach = this.#canReach(req, cookie);
    if (!canReach && !this.#hasWarnedOfPlainHttp) {
      this.#hasWarnedOfPlainHttp = true;
      warn(`data is lost because a cookie cannot be set: ${new InsecureConnectionError(this.name).message}`);
    }
    return canReach;
  }

  #canReach(req: Request, { secure }: Pick<ResolvedCookie, "secure">): boolean {
    // If the client has left, it is unknown whether a trusted proxy sent the request, and no cookie reaches anybody.
    return secure !== true || this.isSecure(req) || isAddressLost(req);
  }

  /**
   * Makes the response private. The session does the same when the response begins, because the handler may change
   * Cache-Control before that. But this cookie may be set after the session has done it.
   */
  #keepPrivate(req: Request, res: Response): void {
    noteCookie(req);
    keepPrivate(res);
  }

  #express(req: Request): ExpressCookie {
    const { name: _, maxAge: __, secure, ...rest } = this.attributesFor(req);
    return { ...rest, secure: secure === "auto" ? this.isSecure(req) : secure } as ExpressCookie;
  }

  /**
   * Removes earlier Set-Cookie headers of the cookie, because RFC 6265, 4.1.1, allows only one per name. If the request
   * has the cookie more than once, also removes it from the other places where the browser may store it, with one
   * header for each place.
   */
  #removeElsewhere(req: Request, res: Response, attributes: ExpressCookie): void {
    this.withdraw(res);
    if (!this.isDoubledIn(req)) return;
    this.#reportDoubled(req);
    // Express 4 applies a given lifetime even in `clearCookie`. That would set the other cookies instead of removing
    // them.
    const { maxAge: _, expires: __, ...withoutLifetime } = attributes;
    for (const place of otherPlaces(req, this.name, attributes)) {
      res.clearCookie(this.name, { ...withoutLifetime, ...place });
    }
  }

  #reportDoubled(req: Request): void {
    if (this.#reported.has(req)) return;
    this.#reported.add(req);
    this.#events.emit("cookieDoubled", { req, name: this.name });
    if (this.#hasWarnedOfDoubled) return;
    this.#hasWarnedOfDoubled = true;
    warn(
      `a browser sent the cookie ${this.name} more than once, so latchkey ignored it and told the browser to remove it. ` +
        "If a deployment changes the domain or path of a cookie, it must also change its name",
    );
  }
}

function warn(message: string): void {
  process.emitWarning(message, "LatchkeyCookieWarning");
}
