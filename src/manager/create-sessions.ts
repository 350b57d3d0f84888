import type { Core } from "../core.js";
import { StorageIds } from "../crypto/storage-id.js";
import type { EarlierSessions } from "../options/session-options.js";
import { type SessionImports, SessionMiddleware } from "../session/session-middleware.js";
import type { SessionStore } from "../store/session-store.js";

/** Creates the sessions of one LoginManager. */
export function createSessions(
  core: Core,
  store: SessionStore,
  secrets: readonly string[],
  from: EarlierSessions | undefined,
): SessionMiddleware {
  const { options } = core;
  const ids = new StorageIds(options.realm, "session");
  const sessions = new SessionMiddleware(options, secrets, store, ids, from, core.events as never);
  core.records = sessions.records;
  sessions.imports = from?.create(core as never, secrets) as SessionImports | undefined;
  sessions.devices = core.devices;
  return sessions;
}
