import { CookieJar } from "tough-cookie";

/** An answer, with its body read. */
export interface Answer {
  status: number;
  headers: Headers;
  /** The `Set-Cookie` headers. */
  cookies: string[];
  /** The `Location` header. */
  location: string | null;
  text: string;
  /** The body as JSON; throws when it is none. */
  json<T = unknown>(): T;
}

/** How a request is sent. A plain object as body goes as a form. */
export interface Sending {
  headers?: Record<string, string>;
  form?: Record<string, string>;
  json?: unknown;
}

/** A person's browser: it keeps cookies as browsers do (RFC 6265), asks for pages, and follows no redirect by itself. */
export class Browser {
  jar = new CookieJar();

  constructor(
    readonly origin: string,
    readonly headers: Record<string, string> = { accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8" },
  ) {}

  get(path: string, sending: Sending = {}): Promise<Answer> {
    return this.send("GET", path, sending);
  }

  post(path: string, sending: Sending = {}): Promise<Answer> {
    return this.send("POST", path, sending);
  }

  async send(method: string, path: string, { headers, form, json }: Sending = {}): Promise<Answer> {
    const url = new URL(path, this.origin).href;
    const cookie = await this.jar.getCookieString(url);
    const response = await fetch(url, {
      method,
      redirect: "manual",
      headers: {
        ...this.headers,
        ...(cookie ? { cookie } : {}),
        ...(json === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(form ? { body: new URLSearchParams(form) } : json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    const cookies = response.headers.getSetCookie();
    for (const set of cookies) await this.jar.setCookie(set, url, { ignoreError: true });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      cookies,
      location: response.headers.get("location"),
      text,
      json: () => JSON.parse(text),
    };
  }

  /** The value of a cookie that the browser keeps. */
  async cookie(name: string): Promise<string | undefined> {
    return (await this.jar.getCookies(this.origin)).find(({ key }) => key === name)?.value;
  }

  /** Puts a cookie into the browser, as an attacker or an earlier visit may have. */
  async setCookie(name: string, value: string): Promise<void> {
    await this.jar.setCookie(`${name}=${value}; Path=/`, this.origin);
  }

  /** Closes the browser and opens it again: cookies without an expiry are gone. */
  async restart(): Promise<void> {
    const kept = await this.jar.getCookies(this.origin);
    this.jar = new CookieJar();
    for (const cookie of kept) {
      if (cookie.expires !== "Infinity" || cookie.maxAge !== null) await this.jar.setCookie(cookie, this.origin);
    }
  }
}

/** A client that wants JSON, and keeps cookies. */
export function apiClient(origin: string): Browser {
  return new Browser(origin, { accept: "application/json" });
}
