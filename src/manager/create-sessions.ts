import type { Core } from "../core.js";
import { StorageIds } from "../crypto/storage-id.js";
import { importedLogin } from "../current/imported-login.js";
import type { ResolvedImport } from "../options/import-options.js";
import { OldSessions } from "../session/imports/old-sessions.js";
import { SessionImports } from "../session/imports/session-imports.js";
import { SessionMiddleware } from "../session/session-middleware.js";
import type { SessionStore } from "../store/session-store.js";

/** Creates the sessions of one LoginManager. */
export function createSessions(
  core: Core,
  store: SessionStore,
  secrets: readonly string[],
  from: ResolvedImport | undefined,
): SessionMiddleware {
  const { options } = core;
  const events = core.events as never;
  const ids = new StorageIds(options.realm, "session");
  const sessions = new SessionMiddleware(options, secrets, store, ids, from, events);
  core.records = sessions.records;
  if (from) {
    sessions.imports = new SessionImports({
      from,
      old: new OldSessions(from.store, options.storeTimeout, events),
      records: sessions.records,
      store,
      ids: new StorageIds(options.realm, "imported"),
      newLogin: (req, userId) => importedLogin(core, req, userId),
    });
  }
  return sessions;
}
