import { type Check, group, isBoolean, isFunction } from "../checks.js";
import { OptionError } from "../errors.js";
import { isCookieName } from "../options/cookie.js";

/**
 * The part of an express-session store that latchkey uses to import sessions. Every store for express-session has it.
 */
export interface OldSessionStore {
  /** Passes the session of this id to the callback, or null. */
  get(sid: string, done: (error: unknown, session?: unknown) => void): unknown;
  /** Deletes the session. */
  destroy(sid: string, done: (error?: unknown) => void): unknown;
  /** Extends the session. */
  touch?(sid: string, session: never, done: () => void): unknown;
}

/** The content of a session of express-session, without its cookie. */
export type OldSessionData = Record<string, unknown>;

/** Where the sessions of the application's earlier express-session are, and who is logged in there. */
export interface ImportOptions {
  /** The store of express-session, such as that of connect-redis or connect-pg-simple. */
  store: OldSessionStore;
  /** The secret, or the secrets, of express-session. They only verify its cookies, so they may be short. */
  secret: string | readonly string[];
  /** The name of express-session's cookie. @default "connect.sid" */
  name?: string | undefined;
  /**
   * Returns the id of the user that a session belongs to, or null. With Passport:
   * `({ passport }) => (passport?.user === undefined ? null : String(passport.user))`.
   *
   * @default old sessions log nobody in
   */
  login?: ((data: OldSessionData) => string | null | undefined) | undefined;
  /**
   * Whether old sessions stay in their store, so that the earlier application still finds them. An imported login then
   * lasts only as long as its old session, which each request looks up. A logout ends both.
   *
   * @default false
   */
  keep?: boolean | undefined;
}

const METHODS = ["get", "destroy"] as const;

/** The check for ImportOptions. */
export const checkImport: Check = (option, value) => {
  checkShape(option, value);
  for (const name of ["store", "secret"] as const) {
    if ((value as ImportOptions)[name] === undefined) throw new OptionError(`${option}.${name}`, "it is required");
  }
};

const checkShape = group({
  store(option, value) {
    const missing = METHODS.find((method) => typeof (value as OldSessionStore | null)?.[method] !== "function");
    if (missing) throw new OptionError(option, `expected a store of express-session, but it has no ${missing}()`);
  },
  secret(option, value) {
    const secrets: unknown[] = Array.isArray(value) ? value : [value];
    if (secrets.length > 0 && secrets.every((secret) => typeof secret === "string" && secret !== "")) return;
    throw new OptionError(option, "expected the secret of express-session, or an array of its secrets");
  },
  name: isCookieName,
  login: isFunction,
  keep: isBoolean,
});
