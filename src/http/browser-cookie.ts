import type { CookieOptions as ExpressCookie, Request, Response } from "express";
import { InsecureConnectionError } from "../errors.js";
import type { LoginEmitter } from "../events.js";
import { changeHead } from "./before-response.js";
import { keepPrivate, noteCookie } from "./caching.js";
import { otherPlaces } from "./cookie-places.js";
import {
  changesCookie,
  hasCookie,
  hasCookieTwice,
  isSecure,
  type ResolvedCookie,
  readCookie,
  withdrawCookie,
} from "./cookies.js";

/** How a cookie is set. */
interface Making {
  /** Its name, and its attributes unless `attributesOf` is given. */
  resolved: ResolvedCookie;
  /** Its attributes for a request. */
  attributesOf: ((req: Request) => ResolvedCookie) | undefined;
  /** The option `session.proxy`. */
  proxy: boolean | undefined;
}

/**
 * One of latchkey's cookies, in the requests and responses of a manager.
 *
 * A browser sends a cookie twice if it has it for two domains or paths: after a deployment that changed them, or because a sibling
 * subdomain set one. latchkey cannot know which one is right, so it ignores both. The response that sets or removes the cookie also
 * removes it everywhere else; otherwise nobody could log in again in that browser.
 */
export class BrowserCookie {
  readonly name: string;
  readonly #making: Making;
  readonly #events: LoginEmitter<never>;
  readonly #told = new WeakSet<Request>();
  #warnedOfDoubles = false;
  #warnedOfPlainHttp = false;

  constructor(making: Making, events: LoginEmitter<never>) {
    this.name = making.resolved.name;
    this.#making = making;
    this.#events = events;
  }

  /** @throws OptionError for invalid attributes that the application gave for this request */
  attributesFor(req: Request): ResolvedCookie {
    const { attributesOf, resolved } = this.#making;
    return attributesOf ? attributesOf(req) : resolved;
  }

  /** Did the request arrive over HTTPS? */
  isSecure(req: Request): boolean {
    return isSecure(req, this.#making.proxy);
  }

  /** The cookie's value; undefined when the request has no such cookie, or more than one. */
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

  /** Does the response set or remove the cookie so far? */
  isChangedBy(res: Response): boolean {
    return changesCookie(res, this.name);
  }

  /** Sets the cookie. `chosen` overrides its attributes. */
  set(req: Request, res: Response, value: string, chosen: ExpressCookie): void {
    this.send(req, res, value, { ...this.#express(req), ...chosen });
  }

  /** Sets the cookie with exactly these attributes, unless the head of the response was made. */
  send(req: Request, res: Response, value: string, attributes: ExpressCookie): void {
    changeHead(res, () => {
      this.#removeElsewhere(req, res, attributes);
      res.cookie(this.name, value, attributes);
      this.#keepPrivate(req, res);
    });
  }

  /** Removes the cookie, unless the head of the response was made. */
  clear(req: Request, res: Response): void {
    changeHead(res, () => {
      const attributes = this.#express(req);
      this.#removeElsewhere(req, res, attributes);
      res.clearCookie(this.name, attributes);
      this.#keepPrivate(req, res);
    });
  }

  /** Removes the cookie's Set-Cookie headers from the response, unless the head of the response was made. */
  withdraw(res: Response): void {
    changeHead(res, () => withdrawCookie(res, this.name));
  }

  /** @throws InsecureConnectionError when the cookie would never reach the browser */
  assertDeliverable(req: Request, cookie: Pick<ResolvedCookie, "secure"> = this.attributesFor(req)): void {
    if (!this.#canReach(req, cookie)) throw new InsecureConnectionError(this.name);
  }

  /** Can the cookie reach the browser? If not, warns the first time. */
  isDeliverable(req: Request, cookie: Pick<ResolvedCookie, "secure"> = this.attributesFor(req)): boolean {
    const canReach = this.#canReach(req, cookie);
    if (!canReach && !this.#warnedOfPlainHttp) {
      this.#warnedOfPlainHttp = true;
      warn(`what it would have kept is lost: ${new InsecureConnectionError(this.name).message}`);
    }
    return canReach;
  }

  #canReach(req: Request, { secure }: Pick<ResolvedCookie, "secure">): boolean {
    return secure !== true || this.isSecure(req);
  }

  /**
   * Makes the response private now, in case this cookie is set after the session has looked at Cache-Control. The session does it again
   * when the response begins, in case the handler changes Cache-Control until then.
   */
  #keepPrivate(req: Request, res: Response): void {
    noteCookie(req);
    keepPrivate(res);
  }

  #express(req: Request): ExpressCookie {
    const { name: _, maxAge: __, secure, ...rest } = this.attributesFor(req);
    return { ...rest, secure: secure === "auto" ? this.isSecure(req) : secure };
  }

  /** RFC 6265, 4.1.1, allows one Set-Cookie per name; removing a cookie from several places needs one for each. */
  #removeElsewhere(req: Request, res: Response, attributes: ExpressCookie): void {
    this.withdraw(res);
    if (!this.isDoubledIn(req)) return;
    this.#tellOfDoubles(req);
    for (const place of otherPlaces(req, this.name, attributes)) {
      res.clearCookie(this.name, { ...attributes, ...place });
    }
  }

  #tellOfDoubles(req: Request): void {
    if (this.#told.has(req)) return;
    this.#told.add(req);
    this.#events.emit("cookieDoubled", { req, name: this.name });
    if (this.#warnedOfDoubles) return;
    this.#warnedOfDoubles = true;
    warn(
      `a browser sent the cookie ${this.name} more than once, so latchkey ignored it, and told the browser to remove it. This happens ` +
        "when the cookie's domain or path was changed: change its name in the same deployment",
    );
  }
}

function warn(message: string): void {
  process.emitWarning(message, "LatchkeyCookieWarning");
}
