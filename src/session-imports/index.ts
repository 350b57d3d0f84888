import type { Core } from "../core.js";
import { StorageIds } from "../crypto/storage-id.js";
import type { EarlierSessions } from "../options/session-options.js";
import type { SessionImports } from "../session/session-middleware.js";
import { importedLogin } from "./imported-login.js";
import { ImportedSessions } from "./imports.js";
import { OldSessions } from "./old-sessions.js";
import { checkImport, type ImportOptions } from "./options.js";

export type { ImportOptions, OldSessionData, OldSessionStore } from "./options.js";

/**
 * For the option `session.importFrom`: imports the sessions that the application's earlier express-session has left in
 * its store, each when its browser comes back. Nobody is logged out.
 *
 * @throws OptionError if an option is missing, unknown or invalid
 */
export function importFrom(options: ImportOptions): EarlierSessions {
  checkImport("session.importFrom", options);
  const { store, secret, name = "connect.sid", login, keep = false } = options;
  return {
    part: "importFrom",
    name,
    secrets: typeof secret === "string" ? [secret] : [...secret],
    create(core: Core): SessionImports {
      const { options, events } = core;
      return new ImportedSessions({
        from: { login, keep },
        old: new OldSessions(store, options.storeTimeout, events as never),
        records: core.records!,
        store: core.store!,
        ids: new StorageIds(options.realm, "imported"),
        newLogin: (req, userId) => importedLogin(core, req, userId),
      });
    },
  };
}
