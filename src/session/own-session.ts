import type { Request, Response } from "express";
import { IncomingMessage } from "../http/node-http.js";
import { makeDeletable } from "../http/session-property.js";
import { defineShared, SharedProperties, sharedProperty } from "../http/shared-properties.js";
import type { ResolvedOptions } from "../options/resolved-options.js";
import type { SessionRecord } from "../store/session-store.js";
import type { SessionAuth } from "./auth.js";
import type { ExpressStore } from "./express-store.js";
import type { OpenedCookie } from "./id-cookie.js";
import { OwnResponse } from "./own-response.js";
import { type NextSession, type Regenerable, regenerate } from "./regenerate.js";
import { sessionOf } from "./request-session.js";
import { putValues, Session } from "./session.js";
import type { SessionMiddleware } from "./session-middleware.js";
import type { SessionState } from "./snapshot.js";

/** The property `req.sessionID`. The id is created together with the session. */
const SESSION_ID = sharedProperty(
  "sessionID",
  (req) => ownSession(req)?.useId(),
  (req, sid: string) => {
    const session = ownSession(req);
    session?.replaceId(sid);
    return session !== undefined;
  },
);
const SESSION_STORE = sharedProperty(
  "sessionStore",
  (req) => ownSession(req)?.expressStore,
  () => false,
);
const idAndStore = new SharedProperties(IncomingMessage.prototype, (shared) => {
  defineShared(shared, "sessionID", SESSION_ID);
  defineShared(shared, "sessionStore", SESSION_STORE);
});

/** latchkey's own session in one request: created on first use, saved when the response begins. */
export class OwnSession extends OwnResponse implements Regenerable {
  /** @param expressStore `req.sessionStore`; undefined for a session beside `req.session` */
  constructor(
    req: Request,
    res: Response,
    sessions: SessionMiddleware,
    opened: OpenedCookie | null,
    readonly expressStore: ExpressStore | undefined,
  ) {
    super(req, res, sessions, opened, expressStore === undefined);
    if (!expressStore) return;
    if (sessions.unsetEnds) makeDeletable(req);
    idAndStore.addTo(req);
  }

  get id(): string | undefined {
    return this.sid;
  }

  useId(): string | undefined {
    if (this.isAbsent) this.generate();
    return this.sid;
  }

  /** Sets the id. If the id is invalid, creates the session first, because a later creation would replace the id. */
  replaceId(sid: string | undefined): void {
    if (typeof sid !== "string") this.useId();
    this.sid = sid;
  }

  /** Records that the store has no session for this request. A new session is created on first use. */
  setAbsent(): void {
    this.isAbsent = this.isKnown = true;
  }

  /** Records the session that the store has for this request. `req.session` is created from it on first use. */
  setFound(state: SessionState): void {
    this.found = state;
    this.isKnown = true;
  }

  override use(): Request["session"] | undefined {
    if (this.isAbsent) this.generate();
    else if (this.found) this.open(this.found);
    return super.use();
  }

  override readAuth(): SessionAuth | undefined | null {
    if (!this.isAbsent && !this.found) {
      const auth = super.readAuth();
      // An object that the application assigned to req.session has no login.
      return auth && Session.authOf(this.session);
    }
    this.noteUse();
    return this.found?.record?.data.auth as unknown as SessionAuth | undefined;
  }

  override replace(session: Request["session"] | undefined): void {
    this.isAbsent = false;
    this.isKnown = true;
    this.found = undefined;
    super.replace(session);
  }

  belongsTo(manager: ResolvedOptions): boolean {
    return this.sessions.options === manager;
  }

  get recordId(): string | null {
    return this.#state()?.id ?? null;
  }

  assertListed(): void {}

  get isStored(): boolean {
    return (this.#state()?.record ?? null) !== null;
  }

  get isUnsaved(): boolean {
    return !this.isStored;
  }

  get createdAt(): number | undefined {
    return this.#state()?.createdAt;
  }

  assertDeliverable(): void {
    this.sessions.cookie.assertDeliverable(this.req);
  }

  isDeliverable(): boolean {
    return this.sessions.cookie.isDeliverable(this.req);
  }

  async end(): Promise<boolean> {
    const existed = (await this.ender()()) !== null;
    this.generate();
    this.noteReplaced(existed);
    return existed;
  }

  setAside(): void {
    this.generate();
    this.noteReplaced(false);
  }

  override endEarlier(): Promise<void> {
    return this.sessions.endEarlier(this.req, this.opened?.sid);
  }

  regenerate(next: NextSession): Promise<void> {
    return regenerate(this, next);
  }

  remember(): () => void {
    const session = this.use();
    const { sid } = this;
    return () => {
      this.replace(session);
      this.sid = sid;
    };
  }

  begin(values: object, auth: SessionAuth, createdAt: number | undefined): void {
    putValues(this.session!, values);
    this.putAuth(auth);
    if (createdAt !== undefined) this.#state()!.createdAt = createdAt;
  }

  putAuth(auth: SessionAuth): void {
    Session.logIn(this.use()!, auth);
  }

  save(): Promise<void> {
    return this.sessions.save(this.session as never);
  }

  ender(): () => Promise<SessionRecord | null> {
    // If the session could not be read, or the application replaced the session object, the id is in the cookie.
    const id = this.isStored ? this.sid : this.opened?.sid;
    return async () => (id === undefined ? null : this.sessions.end(id));
  }

  override noteReplaced(ended: boolean): void {
    super.noteReplaced(ended);
  }

  protected override writeAuth(auth: SessionAuth): void {
    this.putAuth(auth);
  }

  /** The session as it is in the store; undefined if the application replaced the session object. */
  #state(): SessionState | undefined {
    return this.found ?? Session.stateOf(this.use());
  }
}

function ownSession(req: Request): OwnSession | undefined {
  const session = sessionOf(req);
  return session instanceof OwnSession ? session : undefined;
}
