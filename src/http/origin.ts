import { unexpected } from "../errors.js";
import { parseUrl, shown } from "../text.js";

/** A scheme, a host and an optional port. The host is a name or an IP address. */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/(?:[\p{L}\p{M}\p{N}._-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/iu;

/** The schemes of pages that a web server sent. */
const WEB: readonly string[] = ["http:", "https:"];

/**
 * Parses an origin; null for anything else, such as `null`, the origin of a sandboxed page, or several origins, which
 * Node.js joins with a comma.
 */
export function parseOrigin(origin: unknown): URL | null {
  return typeof origin === "string" && ORIGIN.test(origin) ? parseUrl(origin) : null;
}

/** Is this the origin of pages that a web server sent, and not, for example, of a browser extension? */
export function isWeb({ protocol }: URL): boolean {
  return WEB.includes(protocol);
}

/** Returns an origin in the form that browsers send: in lower case, and without the default port of its scheme. */
export function writeOrigin({ protocol, host }: URL): string {
  return `${protocol}//${host.toLowerCase()}`;
}

/** Returns the origin in an option, in the form of `writeOrigin`. @throws OptionError if it is not an origin */
export function anyOrigin(option: string, value: unknown): string {
  const url = parseOrigin(value);
  if (url) return writeOrigin(url);
  const expected = 'a scheme, a host and an optional port, without a path, such as "https://accounts.example.com"';
  throw unexpected(option, expected, shown(value));
}

/** Returns the origin of a website in an option, in the form of `writeOrigin`. @throws OptionError if it is not one */
export function webOrigin(option: string, value: unknown): string {
  const url = parseOrigin(value);
  if (url && isWeb(url)) return writeOrigin(url);
  const expected =
    '"https://" or "http://", a host and an optional port, without a path, such as "https://app.example.com"';
  throw unexpected(option, expected, shown(value));
}

/** Returns the origins in an option. @throws OptionError if it is not an array, or if one of them is invalid */
export function originsIn(option: string, list: unknown, check: typeof anyOrigin): string[] {
  if (!Array.isArray(list)) throw unexpected(option, "an array of origins", shown(list));
  return Array.from(list, (origin, i) => check(`${option}[${i}]`, origin));
}
