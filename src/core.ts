import type { SecurityStamps } from "./crypto/security-stamp.js";
import type { LoginEmitter } from "./events.js";
import type { FlashMessages } from "./flash/flashes.js";
import type { Clients } from "./http/client.js";
import type { RequestLoader, UserLoader } from "./options/options.js";
import type { ResolvedOptions } from "./options/resolved-options.js";
import type { KnownBrowsers } from "./remember/known-browsers.js";
import type { Remember } from "./remember/remember.js";
import type { SessionRecords } from "./session/records.js";
import type { SessionStore } from "./store/session-store.js";

/** The objects that the parts of one LoginManager share. */
export interface Core {
  readonly options: ResolvedOptions;
  readonly events: LoginEmitter<object>;
  readonly stamps: SecurityStamps;
  readonly clients: Clients;
  readonly remember: Remember;
  readonly flashes: FlashMessages;
  readonly knownBrowsers: KnownBrowsers;
  /** The store; undefined if the application has used only its own express-session so far. */
  store: SessionStore | undefined;
  /** Reads and writes the sessions in the store; undefined until `login.session()` is called. */
  records?: SessionRecords;
  /**
   * Has a request used the application's own express-session? The store does not contain the sessions of that
   * express-session.
   */
  hasForeignSessions?: true;
  userLoader: UserLoader<object> | undefined;
  requestLoader: RequestLoader<object> | undefined;
}
