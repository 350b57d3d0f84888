import { parse } from "bowser";

/**
 * Returns a readable name for a User-Agent, such as "Firefox on Linux". A client can send any User-Agent, so use the
 * name only for display.
 */
export function deviceName(userAgent: string | null): string {
  if (!userAgent) return "An unknown program";
  const { browser, os } = parse(userAgent);
  // A program starts with its name, such as "curl/8.5.0".
  if (!os.name) return browser.name || userAgent.split(/[\s/]/, 1)[0]!.slice(0, 40);
  return `${browser.name || "A browser"} on ${os.name}`;
}
