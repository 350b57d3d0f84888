import { onMisuse } from "../active-sessions/token-misuse.js";
import type { Core, ExternalLogins, KnownBrowsers } from "../core.js";
import { Keyring } from "../crypto/keys.js";
import { SecurityStamps } from "../crypto/security-stamp.js";
import { StorageIds } from "../crypto/storage-id.js";
import { StoredHashes } from "../crypto/stored-hashes.js";
import { OptionError } from "../errors.js";
import { LoginEmitter } from "../events.js";
import { FlashCookie } from "../flash/flash-cookie.js";
import { FlashMessages } from "../flash/flashes.js";
import { Clients } from "../http/client.js";
import { BrowserCookie } from "../http/cookies/browser-cookie.js";
import type { Devices } from "../options/devices.js";
import type { Part } from "../options/part.js";
import type { ResolvedOptions } from "../options/resolved-options.js";
import { RememberPersistent } from "../remember/persistent.js";
import type { Remember } from "../remember/remember.js";
import { RememberStateless } from "../remember/stateless.js";
import { RememberTokens } from "../remember/token.js";
import { isComplete } from "../store/check-store.js";
import type { SessionStore } from "../store/session-store.js";
import { TimedStore } from "../store/timed-store.js";

/** Creates the objects that the parts of one LoginManager share. */
export function createCore(options: ResolvedOptions, secrets: readonly string[]): Core {
  const events = new LoginEmitter<object>();
  const keys = (purpose: string) => new Keyring(secrets, purpose, options.realm);
  const hashes = (purpose: string) => new StoredHashes(secrets, purpose, options.realm);
  let remembering: { store: SessionStore | undefined; remember: Remember } | undefined;
  const core: Core = {
    options,
    events,
    stamps: new SecurityStamps(hashes("stamp")),
    clients: new Clients(hashes("client"), options),
    flashes: new FlashMessages(new FlashCookie(options, keys("flash"), events as never)),
    store: options.store && new TimedStore(options.store, options, events as never),
    userLoader: options.userLoader,
    requestLoader: options.requestLoader,
    // Created at the first use, because only a call of session() shows whether the default store is used.
    get remember() {
      if (remembering?.store !== core.store || !remembering)
        remembering = { store: core.store, remember: rememberOf(core, keys) };
      return remembering.remember;
    },
  };
  const made = (part: Part<string> | undefined) => part?.create(core as never, secrets);
  return Object.assign(core, {
    externalLogins: made(options.externalLogins) as ExternalLogins | undefined,
    devices: made(options.deviceBound) as Devices | undefined,
    knownBrowsers: made(options.knownBrowsers) as KnownBrowsers | undefined,
  });
}

/**
 * Creates the object for remember cookies. Its mode is the option `remember.mode`. The default mode is persistent if
 * the store supports it, otherwise stateless.
 */
function rememberOf(core: Core, keys: (purpose: string) => Keyring): Remember {
  const { store, options } = core;
  const mode = options.rememberMode ?? (store && isComplete(store) ? "persistent" : "stateless");
  const { rememberCookie: resolved, rememberCookieOf: attributesOf } = options;
  const { proxy } = options.session;
  const cookie = new BrowserCookie({ resolved, attributesOf, proxy }, core.events as never);
  if (mode === "stateless") return new RememberStateless(cookie, keys("remember"));
  if (!store) throw new OptionError("remember.mode", '"persistent" needs the option store, or login.session()');
  const tokens = new RememberTokens(keys("remember token"));
  const ids = new StorageIds(options.realm, "browser");
  return new RememberPersistent(
    { ...options, cookie, clients: core.clients, devices: core.devices },
    tokens,
    ids,
    store,
    onMisuse(core),
  );
}
