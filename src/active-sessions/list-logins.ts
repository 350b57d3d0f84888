import type { Core } from "../core.js";
import { isFreshAt } from "../instants.js";
import type { JsonObject } from "../json.js";
import type { Bound } from "../login-fields/device.js";
import { type Labeled, withNewerLabel } from "../login-fields/label.js";
import { type Methods, shownMethods } from "../login-fields/methods.js";
import { restoredFields } from "../remember/remembered-login.js";
import { browsersOf, sessionsOf } from "./store-logins.js";

/**
 * A login of a user. It contains no secrets, so it can be shown to the user. All timestamps are milliseconds since the
 * epoch.
 */
export interface LoginInfo {
  /** Identifies the login, for `revoke` and `rename`. It is not a secret, and stays the same when the id of the session changes. */
  id: string;
  createdAt: number;
  /** When the login was last used, accurate to the minute. */
  lastSeenAt: number;
  /** When the login ends if it is not used before then. */
  expiresAt: number;
  /** The IP address at the login, or at its last restore or confirmation; null if unknown or not kept. */
  address: string | null;
  /** The first 256 characters of the User-Agent; null if unknown or not kept. */
  userAgent: string | null;
  /** Were credentials checked recently enough? The same as `isFresh`. Never true together with `remembered`. */
  fresh: boolean;
  /**
   * Was the login restored from a remember cookie and not confirmed since then? It is also true for a login that a
   * remember cookie must restore at its next use. The same as `isRemembered`.
   */
  remembered: boolean;
  /**
   * Does the browser stay logged in after it is closed? In the remember mode "stateless", it is the same as
   * `remembered`, because there are no records of browsers.
   */
  persistent: boolean;
  /** The methods that the user has used for this login. */
  methods: Methods;
  /** The label that `loginUser` or `rename` gave to the login; null if it has none. */
  label: string | null;
  /** The data that was given to `loginUser`; null if there is none. */
  data: JsonObject | null;
  /**
   * Is the login bound to its device? Copies of its cookies then do not work on other devices. See
   * `latchkey/device-bound`.
   */
  deviceBound: boolean;
  /** When the login was bound to its device; null if it is not bound. */
  boundAt: number | null;
  /** Is this the login of the current request? */
  current: boolean;
  /** The id of the administrator who acts as the user in this login. Absent if the user logged in. */
  impersonator?: string;
  /** The id of the user that this administrator is acting as. Absent if the administrator acts as nobody. */
  impersonating?: string;
}

/** Resolves with the logins of a user, newest first. @param current the id of the login of the current request */
export async function listLogins(core: Core, userId: string, current: string | undefined): Promise<LoginInfo[]> {
  const logins = new Map<string, LoginInfo>();
  const labels = new Map<string, Labeled>();
  const noteLabel = (id: string, label: Labeled) => labels.set(id, withNewerLabel(label, labels.get(id) ?? label));
  for await (const { record, auth } of sessionsOf(core, userId)) {
    const { loginId: id, address, userAgent, remembered, data = null } = auth;
    const { createdAt, expiresAt } = record;
    noteLabel(id, auth);
    // A login that moves to a new session is in two sessions for a moment. In the mode "stateless", a restored login may
    // be in several sessions. The newest counts.
    if (auth.pending || (logins.get(id)?.createdAt ?? Number.NEGATIVE_INFINITY) >= createdAt) continue;
    const lastSeenAt = id === current ? Date.now() : record.lastSeenAt; // its touch may not be saved yet
    const fresh = isFreshAt(auth.freshAt, core.options.freshFor);
    const methods = shownMethods(auth);
    const other = {
      ...(auth.impersonator && { impersonator: auth.impersonator.userId }),
      ...(auth.parked && { impersonating: auth.parked.userId }),
    };
    const details = { methods, label: null, data, ...deviceIn(auth), current: id === current, ...other };
    const kind = { fresh, remembered, persistent: remembered, ...details };
    logins.set(id, { id, createdAt, lastSeenAt, expiresAt, address, userAgent, ...kind });
  }
  for await (const { record, browser } of browsersOf(core, userId)) {
    const { createdAt, lastSeenAt, expiresAt } = record;
    const { loginId: id, address, userAgent } = browser;
    const fields = restoredFields(browser.login);
    noteLabel(id, fields);
    const login = logins.get(id);
    if (login) {
      login.persistent = true;
      login.createdAt = Math.min(login.createdAt, createdAt);
      login.expiresAt = Math.max(login.expiresAt, expiresAt);
    } else {
      const details = {
        methods: shownMethods(fields),
        label: null,
        data: fields.data ?? null,
        ...deviceIn(fields),
        current: id === current,
      };
      const kind = { fresh: false, remembered: true, persistent: true, ...details };
      logins.set(id, { id, createdAt, lastSeenAt, expiresAt, address, userAgent, ...kind });
    }
  }
  for (const login of logins.values()) login.label = labels.get(login.id)?.label ?? null;
  return [...logins.values()].sort((a, b) => b.createdAt - a.createdAt);
}

function deviceIn({ device }: Bound): Pick<LoginInfo, "deviceBound" | "boundAt"> {
  const boundAt = device?.boundAt ?? null;
  return { deviceBound: boundAt !== null, boundAt };
}
