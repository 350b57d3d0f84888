import { isLatchkeyError } from "../errors.js";
import type { UserSessions } from "../login/user-sessions.js";
import { type Given, UsageError } from "./command.js";
import { withStore } from "./opened-store.js";
import { newSecret } from "./secret.js";

/** The user that a command is about, and the user's logins. */
export interface UserLogins {
  user: string;
  realm: string;
  /** Lists and ends the logins with the same code as the application. */
  sessions: UserSessions<object>;
  /** The ids of the logins that were ended so far. */
  ended: string[];
  /** The ids of the user's records that were listed and cannot be read. */
  damaged: Set<string>;
}

/** Runs `work` on the logins of the user that `--user` and `--realm` name. Throws the same errors as `withStore`. */
export async function withUserLogins<T>({ options }: Given, work: (logins: UserLogins) => Promise<T>): Promise<T> {
  const { user, realm } = options;
  return withStore(options, async (store, { timeout }) => {
    try {
      // LoginManager is imported here, because wrong usage and help do not need it.
      const { LoginManager } = await import("../manager/login-manager.js");
      // No cookie is made or read, so any secret works.
      const login = new LoginManager<object>({ secret: newSecret(), store, realm, storeTimeout: timeout });
      const ended: string[] = [];
      const damaged = new Set<string>();
      login.on("loginsRevoked", ({ logins }) => ended.push(...logins));
      login.on("recordDamaged", ({ id }) => damaged.add(id));
      return await work({ user: user!, realm: realm ?? "", sessions: login.sessions, ended, damaged });
    } catch (error) {
      const isUsage = isLatchkeyError(error, "invalid_option") || isLatchkeyError(error, "invalid_user_id");
      throw isUsage ? new UsageError(error.message) : error;
    }
  });
}

/** Returns the name of the user for a sentence. */
export function named({ user, realm }: Pick<UserLogins, "user" | "realm">): string {
  return realm === "" ? `User ${user}` : `User ${user} of the realm ${realm}`;
}
