import { parse } from "bowser";

/** A browser as people call it, by its User-Agent: "Firefox on Linux". Anybody can send any, so nothing is decided by it. */
export function deviceName(userAgent: string | null): string {
  if (!userAgent) return "An unknown program";
  const { browser, os } = parse(userAgent);
  // A program, such as "curl/8.5.0", names itself first.
  if (!os.name) return browser.name || userAgent.split(/[\s/]/, 1)[0]!.slice(0, 40);
  return `${browser.name || "A browser"} on ${os.name}`;
}
