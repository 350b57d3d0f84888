import type { ResolvedCookie } from "./cookies.js";

type CookieData = Pick<Cookie, "originalMaxAge" | "expires" | "secure" | "httpOnly" | "path" | "sameSite"> & {
  [K in "domain" | "priority" | "partitioned"]: Cookie[K] | undefined;
};

/** The attributes of a session's cookie, as an application may change them for one session. (express-session's Cookie) */
export class Cookie {
  path: string;
  httpOnly: boolean;
  secure: boolean | "auto";
  sameSite: ResolvedCookie["sameSite"] | boolean;
  declare domain?: string;
  declare priority?: NonNullable<ResolvedCookie["priority"]>;
  declare partitioned?: boolean;
  /** The lifetime that was chosen, in milliseconds; null for a cookie that lasts until the browser closes. */
  originalMaxAge: number | null = null;
  #expires: Date | null = null;

  /** @param isSecure was the request made over HTTPS, for `secure: "auto"`? */
  constructor(attributes: ResolvedCookie, isSecure: boolean) {
    this.path = attributes.path;
    this.httpOnly = attributes.httpOnly;
    this.secure = attributes.secure === "auto" ? isSecure : attributes.secure;
    this.sameSite = attributes.sameSite;
    if (attributes.domain !== undefined) this.domain = attributes.domain;
    if (attributes.priority !== undefined) this.priority = attributes.priority;
    if (attributes.partitioned !== undefined) this.partitioned = attributes.partitioned;
    if (attributes.maxAge !== undefined) this.maxAge = attributes.maxAge;
  }

  get expires(): Date | null {
    return this.#expires;
  }

  set expires(date: Date | null | undefined) {
    this.#expires = date ?? null;
    this.originalMaxAge = this.maxAge;
  }

  /** How many milliseconds the cookie lives from now; null until the browser closes. */
  get maxAge(): number | null {
    return this.#expires && this.#expires.getTime() - Date.now();
  }

  /** @throws TypeError for what is no number */
  set maxAge(milliseconds: number | null | undefined) {
    if (milliseconds === null || milliseconds === undefined) {
      this.expires = null;
      return;
    }
    if (typeof milliseconds !== "number") throw new TypeError("maxAge must be a number of milliseconds");
    this.#expires = new Date(Date.now() + milliseconds);
    this.originalMaxAge = milliseconds;
  }

  /** What is sent to the browser, and the lifetime that was chosen. */
  get data(): CookieData {
    const { originalMaxAge, partitioned, priority, expires, secure, httpOnly, domain, path, sameSite } = this;
    return { originalMaxAge, partitioned, priority, expires, secure, httpOnly, domain, path, sameSite };
  }

  toJSON(): object {
    return this.data;
  }
}
