import type { Request } from "express";
import type { ResolvedClient } from "../http/client.js";
import type { ResolvedCookie } from "../http/cookies/attributes.js";
import type { LoginManagerOptions } from "./options.js";
import type { ResolvedSession } from "./session-options.js";

/**
 * The validated options of a LoginManager, with every default filled in. The object is frozen. It does not contain the
 * secrets, so they cannot be logged.
 */
export type ResolvedOptions = Readonly<
  Omit<
    Given<LoginManagerOptions<object, object>>,
    OptionalName | "secret" | "client" | "session" | "remember" | TimeName
  > &
    Pick<LoginManagerOptions<object, object>, OptionalName> & {
      client: ResolvedClient;
      session: ResolvedSession;
      /** The cookie's name, and its attributes unless `sessionCookieOf` returns them. */
      sessionCookie: ResolvedCookie;
      rememberCookie: ResolvedCookie;
      /** Returns the attributes for a request; undefined if they do not depend on the request. */
      sessionCookieOf: ((req: Request) => ResolvedCookie) | undefined;
      /** The same for the remember cookie. */
      rememberCookieOf: ((req: Request) => ResolvedCookie) | undefined;
      rememberMode: "persistent" | "stateless" | undefined;
      rememberDuration: number;
      /** Infinity if there is no such limit. */
      rememberIdleTimeout: number;
      refreshEachRequest: boolean;
    } & Record<TimeName, number>
>;

type Given<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };
type TimeName = "idleTimeout" | "absoluteTimeout" | "storeTimeout" | "freshFor" | "methodTimeout";
type OptionalName =
  | "externalLogins"
  | "knownBrowsers"
  | "deviceBound"
  | "maxSessions"
  | "store"
  | "userLoader"
  | "requestLoader"
  | "roles"
  | "loginView"
  | "refreshView"
  | "methodView"
  | "requiredMethods"
  | "localize"
  | "onUnauthorized"
  | "onNeedsRefresh"
  | "onMethodRequired"
  | "onForbidden"
  | "origin"
  | "redirectHost";
