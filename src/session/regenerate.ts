import { isLatchkeyError, SessionGoneError, StoreUnavailableError } from "../errors.js";
import { withChangesIn, withDeviceIn } from "../login-fields/device.js";
import type { SessionRecord } from "../store/session-store.js";
import type { SessionAuth } from "./auth.js";

/** A login, and how to put it into a new session. */
export interface NextSession {
  /** The application's values for the new session. */
  values: object;
  auth: SessionAuth;
  /** Does this login continue the login of the old session? If so, the old session must still exist. */
  continues?: boolean;
  /** The `createdAt` of the new session. @default now; if `continues` is true, the `createdAt` of the old session */
  createdAt?: number | undefined;
  /**
   * Called with the id of the new session's record before that record is created, so that the browser's record can name
   * it. Called with null for a session of the application's own express-session. If the id is taken, called again with
   * another id; if all ids were taken, called with null. If the promise rejects, no session is created.
   */
  name?: ((session: string | null) => Promise<void>) | undefined;
  /** Is the login stored as pending until `admit` has resolved? A pending login gives no access. */
  pending?: boolean;
  /** Called after the login is written to the store. If the promise rejects, the login is undone. */
  admit?: (() => Promise<void>) | undefined;
  /**
   * Called after the old session has ended, with its record as it was at that moment. If the promise rejects, the new
   * session ends too.
   */
  settle?: ((old: SessionRecord | null) => Promise<void>) | undefined;
  /**
   * Called if the old session has already ended. Ends the login of that session, which may have moved to another
   * session.
   */
  missed?: (() => Promise<void>) | undefined;
}

/** How many new ids a login tries if they are taken. */
const MAX_TRIES = 3;

/** The parts of latchkey's own session that `regenerate` uses. */
export interface Regenerable {
  /** Is the session in the store, as far as this process knows? */
  readonly isStored: boolean;
  /** When the session was created. */
  readonly createdAt: number | undefined;
  /** The id of the session's record. */
  readonly recordId: string | null;
  /** Returns a function that makes the current session the session of the request again. */
  remember(): () => void;
  /** Gives the request a new, empty, unsaved session with a new id. */
  generate(): void;
  /** Puts a login and the application's values into an unsaved session. */
  begin(values: object, auth: SessionAuth, createdAt: number | undefined): void;
  putAuth(auth: SessionAuth): void;
  save(): Promise<void>;
  /**
   * Returns a function that ends the current session, even if the request gets another session before the call. The
   * function resolves with the record that it ended, or with null.
   */
  ender(): () => Promise<SessionRecord | null>;
  noteReplaced(ended: boolean): void;
}

/**
 * See `RequestSession.regenerate`. Why it needs its two store calls: it creates a session, because a login gets a new
 * session id, and it destroys the old session, whose id must not stay valid. The ended record has the label that
 * another request gave it meanwhile.
 */
export async function regenerate(session: Regenerable, next: NextSession): Promise<void> {
  const { auth, continues, admit, missed } = next;
  const { isStored } = session;
  const goBack = session.remember();
  const endOld = session.ender();
  const createdAt = next.createdAt ?? (continues ? session.createdAt : undefined);
  if (next.pending) auth.pending = true;
  let ended = false;
  let endNew: (() => Promise<unknown>) | undefined;
  try {
    await create(session, next, createdAt);
    endNew = session.ender();
    await admit?.();
    const old = isStored ? await endOld() : null;
    ended = old !== null;
    if (continues && isStored && !ended) throw new SessionGoneError();
    if (isStored && !ended) await missed?.();
    await next.settle?.(old);
    await complete(session, next, old);
    session.noteReplaced(ended);
  } catch (error) {
    const isGone = error instanceof SessionGoneError;
    if (endNew) await undo(endNew, error);
    if (isGone && continues && isStored && !ended) await undo(endOld, error);
    if (!ended && !isGone) goBack();
    else {
      session.generate();
      session.noteReplaced(ended);
    }
    throw error;
  }
}

/** Creates the new session in the store. */
async function create(
  session: Regenerable,
  { values, auth, name }: NextSession,
  createdAt: number | undefined,
): Promise<void> {
  for (let tried = 1; ; tried++) {
    session.generate();
    await name?.(session.recordId);
    session.begin(values, auth, createdAt);
    try {
      return await session.save();
    } catch (error) {
      if (!isLatchkeyError(error, "session_exists")) throw error;
      if (tried < MAX_TRIES) continue;
      await name?.(null);
      throw error;
    }
  }
}

/**
 * Changes the new login after the old session has ended, if needed: it is no longer pending, and it has the label and the
 * device that other requests gave to the old session meanwhile. If an administrator now acts as a user, it has only the
 * device: the label is that of another login.
 */
async function complete(
  session: Regenerable,
  { auth, pending }: NextSession,
  old: SessionRecord | null,
): Promise<void> {
  const before = (old?.data.auth ?? {}) as Partial<SessionAuth>;
  const isActing = auth.impersonator !== undefined && auth.impersonator.loginId === before.loginId;
  const continued = before.loginId === auth.loginId ? withChangesIn(auth, before) : auth;
  const changed = isActing ? withDeviceIn(auth, before) : continued;
  if (changed === auth && !pending) return;
  const { pending: _, ...active } = changed;
  session.putAuth(pending ? active : changed);
  await session.save();
}

/**
 * Ends a session after an error. If this fails too, the session lasts until it expires. If the store is unavailable,
 * does not wait until the session has ended.
 */
async function undo(end: () => Promise<unknown>, error: unknown): Promise<void> {
  const undoing = end().catch(() => {}); // the event storeFailed reports a failure
  if (!(error instanceof StoreUnavailableError)) await undoing;
}
