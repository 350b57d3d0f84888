import { ATTRIBUTE_NAMES, type CookieOptions, type ResolvedCookie } from "../http/cookies/attributes.js";

/** The attributes, with every type of value that an application may assign to them. */
type Changeable = Omit<CookieOptions, "sameSite"> & { sameSite?: CookieOptions["sameSite"] | boolean };

type CookieData = Changeable & Pick<Cookie, "originalMaxAge" | "expires">;

export interface Cookie extends Changeable {}

/** The cookie attributes of one session, which the application may change. (express-session's Cookie) */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor gives the cookie its attributes
export class Cookie {
  /** The lifetime that was last set, in milliseconds; null if the cookie lasts until the browser closes. */
  originalMaxAge: number | null = null;
  #expires: Date | null = null;

  /** @param isSecure was the request made over HTTPS? Used for `secure: "auto"` */
  constructor(attributes: ResolvedCookie, isSecure: boolean) {
    const { name: _, maxAge, ...given } = attributes;
    Object.assign(this, given);
    if (this.secure === "auto") this.secure = isSecure;
    if (maxAge !== undefined) this.maxAge = maxAge;
  }

  get expires(): Date | null {
    return this.#expires;
  }

  /**
   * @throws TypeError if the value is not a valid Date or null; `false` means null, as in express-session's examples
   */
  set expires(date: Date | null | false | undefined) {
    if (date && !isDate(date)) throw new TypeError("expires must be a valid Date, or null");
    this.#expires = date || null;
    this.originalMaxAge = this.maxAge;
  }

  /**
   * How long the cookie lasts from now, in milliseconds; null if it lasts until the browser closes. Assigning a Date
   * sets `expires`.
   */
  get maxAge(): number | null {
    return this.#expires && this.#expires.getTime() - Date.now();
  }

  /** @throws TypeError if the lifetime is invalid; express-session throws later, when it writes the cookie */
  set maxAge(lifetime: number | Date | null | undefined) {
    if (typeof lifetime !== "number") {
      if (lifetime && !isDate(lifetime)) throw new TypeError(INVALID_LIFETIME);
      this.expires = lifetime || null;
      return;
    }
    if (!isLifetime(lifetime)) throw new TypeError(INVALID_LIFETIME);
    this.#expires = new Date(Date.now() + lifetime);
    this.originalMaxAge = lifetime;
  }

  /** The attributes that the browser gets, and the lifetime that was last set. */
  get data(): CookieData {
    const { originalMaxAge, expires } = this;
    const attributes: Changeable = Object.fromEntries(ATTRIBUTE_NAMES.map((name) => [name, this[name]]));
    return { ...attributes, originalMaxAge, expires };
  }

  toJSON(): object {
    return this.data;
  }
}

const INVALID_LIFETIME = "maxAge must be a finite number of milliseconds, a valid Date, or null";

/** Is this a valid lifetime of a cookie, in milliseconds? False if it would end after the last valid Date. */
export function isLifetime(milliseconds: number): boolean {
  return isDate(new Date(Date.now() + milliseconds));
}

function isDate(value: unknown): boolean {
  return value instanceof Date && !Number.isNaN(value.getTime());
}
