/** A header of a request: absent, sent once, or sent several times. */
type Header = string | readonly string[] | undefined;

/** The page that an `Origin` header names. */
interface Sender {
  scheme: string;
  host: string;
  port: number | undefined;
}

/** A value of the `Origin` header, and the page that it names. `from` is null if it names no page. */
interface OriginCase {
  sent: Header;
  from?: Sender | null;
}

/** A value of `Host` or `X-Forwarded-Host`. `port` is undefined if it is left out, `host` is null if it is malformed. */
interface HostCase {
  sent: string;
  host: string | null;
  port?: number;
}

/** A request, and the settings of its application. */
export interface Case {
  method: string;
  site: Header;
  origin: OriginCase;
  host: HostCase;
  proxy: { trusted: boolean; forwarded?: HostCase };
  /** Is `TRUSTED` the option `trustedOrigins`? */
  trusting: boolean;
}

const METHODS = ["GET", "HEAD", "OPTIONS", "POST", "DELETE"];

/** `Sec-Fetch-Site`. */
const SITES: readonly Header[] = [
  ...[undefined, "same-origin", "none", "same-site", "cross-site"],
  ...["", "Same-Origin", ["same-origin", "same-origin"]],
];

const sender = (scheme: string, host: string, port?: number): Sender => ({ scheme, host, port });

/** The trusted origins, as an application may write them. */
export const TRUSTED = ["https://Pay.example:443", "app://mobile"];
const TRUSTED_SENDERS = [sender("https", "pay.example", 443), sender("app", "mobile")];

const ORIGINS: readonly OriginCase[] = [
  { sent: undefined },
  { sent: "http://shop.example", from: sender("http", "shop.example", 80) },
  { sent: "https://shop.example", from: sender("https", "shop.example", 443) },
  { sent: "HTTPS://SHOP.Example:443", from: sender("https", "shop.example", 443) },
  { sent: "http://shop.example:3000", from: sender("http", "shop.example", 3000) },
  { sent: "https://shop.example:3000", from: sender("https", "shop.example", 3000) },
  { sent: "http://[2001:db8::1]:3000", from: sender("http", "[2001:db8::1]", 3000) },
  { sent: "https://www.shop.example", from: sender("https", "www.shop.example", 443) },
  { sent: "https://shop.example.evil.example", from: sender("https", "shop.example.evil.example", 443) },
  { sent: "https://pay.example", from: sender("https", "pay.example", 443) },
  { sent: "https://PAY.example:443", from: sender("https", "pay.example", 443) },
  { sent: "http://pay.example", from: sender("http", "pay.example", 80) },
  { sent: "app://mobile", from: sender("app", "mobile") },
  { sent: "shttp://shop.example", from: sender("shttp", "shop.example") },
  { sent: "app://shop.example", from: sender("app", "shop.example") },
  ...["null", "", "shop.example", "https://shop.example/", "https://me@shop.example"].map((sent) => ({
    sent,
    from: null,
  })),
  { sent: "https://shop.example https://evil.example", from: null },
  { sent: ["https://shop.example", "https://shop.example"], from: null },
  { sent: ["https://pay.example", "https://evil.example"], from: null },
];

const HOSTS: readonly HostCase[] = [
  { sent: "shop.example", host: "shop.example" },
  { sent: "SHOP.example:3000", host: "shop.example", port: 3000 },
  { sent: "shop.example:80", host: "shop.example", port: 80 },
  { sent: "shop.example:443", host: "shop.example", port: 443 },
  { sent: "[2001:DB8::1]:3000", host: "[2001:db8::1]", port: 3000 },
  { sent: "evil.example@shop.example", host: null },
];

const PROXIES: ReadonlyArray<Case["proxy"]> = [
  { trusted: false },
  { trusted: true },
  { trusted: false, forwarded: { sent: "shop.example", host: "shop.example" } },
  { trusted: true, forwarded: { sent: "SHOP.example:3000 , inner", host: "shop.example", port: 3000 } },
];

/** Every combination. */
export function* cases(): Generator<Case> {
  for (const proxy of PROXIES)
    for (const trusting of [false, true])
      for (const method of METHODS)
        for (const site of SITES)
          for (const origin of ORIGINS) for (const host of HOSTS) yield { method, site, origin, host, proxy, trusting };
}

/** Returns the headers of the request. */
export function headersOf({ site, origin, host, proxy }: Case): Record<string, string> {
  const headers = {
    host: host.sent,
    "sec-fetch-site": site,
    origin: origin.sent,
    "x-forwarded-host": proxy.forwarded?.sent,
  };
  const sent = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(sent) as Record<string, string>;
}

/** The rules once more, without a parser: does the request pass? */
export function passes({ method, site, origin, host, proxy, trusting }: Case): boolean {
  if (["GET", "HEAD", "OPTIONS"].includes(method)) return true;
  if (site === "same-origin" || site === "none") return true;
  const { sent, from } = origin;
  if (from && trusting && TRUSTED_SENDERS.some((one) => isSame(one, from))) return true;
  if (site !== undefined) return false;
  if (sent === undefined) return true;
  const own = (proxy.trusted && proxy.forwarded) || host;
  if (!from || own.host !== from.host) return false;
  if (from.scheme === "http") return (own.port ?? 80) === from.port;
  return from.scheme === "https" && (own.port ?? 443) === from.port;
}

function isSame(one: Sender, other: Sender): boolean {
  return one.scheme === other.scheme && one.host === other.host && one.port === other.port;
}
