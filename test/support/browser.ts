import { CookieJar } from "tough-cookie";

/** A response and its body. */
export interface Answer {
  status: number;
  headers: Headers;
  /** The `Set-Cookie` headers. */
  cookies: string[];
  /** The `Location` header. */
  location: string | null;
  text: string;
  /** Parses the body as JSON. Throws if the body is not valid JSON. */
  json<T = unknown>(): T;
}

/** The headers and the body of a request, which is a form or JSON. */
export interface Sending {
  /** `fetch` ignores `Host`: use `send` of raw-client.ts to set it. */
  headers?: Record<string, string> & { host?: never };
  form?: Record<string, string>;
  json?: unknown;
}

/** A browser that stores cookies (RFC 6265) and accepts HTML. It does not follow redirects. */
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

  /** The value of a cookie in the browser. */
  async cookie(name: string): Promise<string | undefined> {
    return (await this.jar.getCookies(this.origin)).find(({ key }) => key === name)?.value;
  }

  /** Adds a cookie to the browser, as an attacker or an earlier visit might have done. */
  async setCookie(name: string, value: string): Promise<void> {
    await this.jar.setCookie(`${name}=${value}; Path=/`, this.origin);
  }

  /** Closes the browser and opens it again, which deletes the cookies without an expiry date. */
  async restart(): Promise<void> {
    const kept = await this.jar.getCookies(this.origin);
    this.jar = new CookieJar();
    for (const cookie of kept) {
      if (cookie.expires !== "Infinity" || cookie.maxAge !== null) await this.jar.setCookie(cookie, this.origin);
    }
  }
}

/** A client that stores cookies and accepts JSON. */
export function apiClient(origin: string): Browser {
  return new Browser(origin, { accept: "application/json" });
}
