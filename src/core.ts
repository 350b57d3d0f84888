import type { SecurityStamps } from "./crypto/security-stamp.js";
import type { LoginEmitter } from "./events.js";
import type { FlashMessages } from "./flash/flashes.js";
import type { RequestLoader, UserLoader } from "./options/options.js";
import type { ResolvedOptions } from "./options/resolved-options.js";
import type { Remember } from "./remember/remember.js";
import type { SessionStore } from "./store/session-store.js";

/** What the parts of one LoginManager share. */
export interface Core {
  readonly options: ResolvedOptions;
  readonly events: LoginEmitter<object>;
  readonly stamps: SecurityStamps;
  readonly remember: Remember;
  readonly flashes: FlashMessages;
  /** The store; undefined if only an express-session of the application's own was used so far. */
  store: SessionStore | undefined;
  /**
   * Has a request used a session of the application's own express-session? The store does not contain such sessions.
   */
  hasForeignSessions?: true;
  userLoader: UserLoader<object> | undefined;
  requestLoader: RequestLoader<object> | undefined;
}
