import type { Request, Response } from "express";
import type { SecurityStamps } from "./crypto/security-stamp.js";
import type { LoginEmitter } from "./events.js";
import type { FlashMessages } from "./flash/flashes.js";
import type { Clients } from "./http/client.js";
import type { ExternalIds, ExternalLogin } from "./login-fields/external-login.js";
import type { Devices } from "./options/devices.js";
import type { RequestLoader, UserLoader } from "./options/options.js";
import type { ResolvedOptions } from "./options/resolved-options.js";
import type { Remember } from "./remember/remember.js";
import type { SessionAuth } from "./session/auth.js";
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
  readonly externalLogins?: ExternalLogins | undefined;
  readonly knownBrowsers?: KnownBrowsers | undefined;
  readonly devices?: Devices | undefined;
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

/** The part `externalLogins`: finds and ends logins by the ids of an identity provider. */
export interface ExternalLogins {
  /** Returns a copy of the option `external`. @throws OptionError if it is not a valid ExternalLogin */
  check(external: unknown): ExternalLogin;
  /**
   * Makes it possible to find a login. Call it before the session is created. Then either `end` finds the session, or
   * `isEnded` notices that `end` was called.
   *
   * @param until when the login can be restored for the last time, in milliseconds since the epoch
   * @returns undefined if the login does not come from an identity provider
   * @throws UnsupportedByStoreError if the store cannot list by user
   */
  link(login: Pick<SessionAuth, "userId" | "external">, until: number): Promise<ExternalLink | undefined>;
  /**
   * Ends the alias for the `sid` of a login that has ended, unless the user has another login with this `sid`. The alias
   * for the `sub` stays, because the next login of the user needs it.
   */
  unlink(login: Pick<SessionAuth, "userId" | "external">): Promise<void>;
  /**
   * Ends the logins of an issuer with these ids. A login that is being created ends too, and later logins with the `sid`
   * are refused.
   *
   * @returns the ids of the ended logins, by user
   * @throws OptionError if an argument is invalid
   * @throws UnsupportedByStoreError if the store cannot list by user
   */
  end(issuer: string, ids: ExternalIds): Promise<Map<string, Set<string>>>;
}

/** Makes `revokeExternal` find a login. */
export interface ExternalLink {
  /** Was the login ended after it was linked, or was its `sid` already ended? Call this after its session is stored. */
  isEnded(): Promise<boolean>;
}

/** The part `knownBrowsers`: recognizes browsers in which a user has logged in before. */
export interface KnownBrowsers {
  /** Notes that a user has logged in with this browser, and returns whether the user did so before. */
  note(req: Request, res: Response, userId: string): "known" | "new";
  /** Removes the cookie from the browser. */
  forget(req: Request, res: Response): void;
}
