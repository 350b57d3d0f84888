import { type Check, group } from "../checks.js";
import type { Core, KnownBrowsers } from "../core.js";
import { Keyring } from "../crypto/keys.js";
import { StoredHashes } from "../crypto/stored-hashes.js";
import type { Duration } from "../duration.js";
import { BrowserCookie } from "../http/cookies/browser-cookie.js";
import { cookieBeside } from "../options/cookie.js";
import type { Part } from "../options/part.js";
import { checkRememberDuration } from "../options/remember-options.js";
import { KnownBrowserCookie } from "./cookie.js";

/** Options of `knownBrowsers`. */
export interface KnownBrowserOptions {
  /** How long a browser is known after the last login: at most 400 days. @default "365d" */
  duration?: Duration | undefined;
}

const checkOptions: Check = group({ duration: checkRememberDuration });

/**
 * For the option `knownBrowsers`: recognizes browsers in which a user has logged in before, by a signed cookie. The event
 * `loggedIn` then has the property `browser`, so that you can tell users about a login in a new browser. The cookie also
 * stays after a logout; `forgetKnownBrowser` removes it.
 *
 * @throws OptionError if an option is unknown or invalid
 */
export function knownBrowsers(options: KnownBrowserOptions = {}): Part<"knownBrowsers"> {
  checkOptions("knownBrowsers", options);
  const duration = checkRememberDuration("knownBrowsers.duration", options.duration ?? "365d");
  return {
    part: "knownBrowsers",
    create({ options, events }: Core, secrets): KnownBrowsers {
      const { realm } = options;
      const cookie = new BrowserCookie(cookieBeside(options, "known"), events as never);
      const hashes = secrets.map((secret) => new StoredHashes([secret], "known browser", realm));
      return new KnownBrowserCookie(cookie, duration, new Keyring(secrets, "known browsers", realm), hashes);
    },
  };
}
