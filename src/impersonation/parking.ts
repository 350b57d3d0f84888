import { randomBytes } from "node:crypto";
import { storeOf } from "../active-sessions/store-logins.js";
import type { Core } from "../core.js";
import type { RememberedTime } from "../remember/remembered-login.js";
import type { OtherLogin, SessionAuth } from "../session/auth.js";
import type { SessionRecords } from "../session/records.js";
import type { SessionState } from "../session/snapshot.js";

/** The session of an administrator, before it is parked. */
export interface Parkable {
  auth: SessionAuth;
  createdAt: number;
  /** The application's values, and the cookie if it has a lifetime. */
  values: { cookie?: { originalMaxAge: number } };
  /** How long the browser is remembered; undefined if it is not. */
  time: RememberedTime | undefined;
}

/** Parks the session of an administrator under an id that no cookie contains. */
export class Parking {
  readonly #state: SessionState;

  constructor(
    private readonly core: Core,
    private readonly records: SessionRecords,
    private readonly session: Parkable,
  ) {
    this.#state = records.unsaved(randomBytes(32).toString("base64url"));
    this.#state.createdAt = session.createdAt;
  }

  /** The id of the record. */
  get recordId(): string {
    return this.#state.id;
  }

  /** Creates the record. @param user the login of the user */
  async parkFor(user: OtherLogin): Promise<void> {
    await this.undo(); // if the id of the user's session was taken, the session has another one
    const { time, values } = this.session;
    const { imported: _, ...own } = this.session.auth;
    const parked = { ...user, ...(time && { remember: { duration: time.duration, until: time.until } }) };
    const maxAge = values.cookie?.originalMaxAge ?? this.records.maxAgeOf({});
    await this.records.save(this.#state, { values, auth: { ...own, series: null, parked }, maxAge });
  }

  /** Ends the parked session, if there is one. */
  async undo(): Promise<void> {
    if (!this.#state.record) return;
    this.#state.record = null;
    await storeOf(this.core).destroy(this.recordId);
  }
}
