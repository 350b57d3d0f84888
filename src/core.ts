import type { SecurityStamps } from "./crypto/security-stamp.js";
import type { LoginEmitter } from "./events.js";
import type { FlashMessages } from "./flash/flashes.js";
import type { RequestLoader, ResolvedOptions, UserLoader } from "./options/options.js";
import type { Remember } from "./remember/remember.js";
import type { SessionStore } from "./store/session-store.js";

/** What one LoginManager gives its rooms to work with. */
export interface Core {
  readonly options: ResolvedOptions;
  readonly events: LoginEmitter<object>;
  readonly stamps: SecurityStamps;
  readonly remember: Remember;
  readonly flashes: FlashMessages;
  /** The store; absent as long as nothing but an express-session of the application's own is known. */
  store: SessionStore | undefined;
  /** Has a request come with a session of the application's own express-session? The store does not know such sessions. */
  hasForeignSessions?: true;
  userLoader: UserLoader<object> | undefined;
  requestLoader: RequestLoader<object> | undefined;
}
