import { isLatchkeyError, SessionGoneError, StoreUnavailableError } from "../errors.js";
import type { SessionAuth } from "./auth.js";

/** A login, and how to put it into a new session. */
export interface NextSession {
  /** The application's values for the new session. */
  values: object;
  auth: SessionAuth;
  /** Does this login continue the login of the old session? Then the old session must still exist. */
  continues?: boolean;
  /** The `createdAt` of the new session. @default now; if `continues` is true, the `createdAt` of the old session */
  createdAt?: number | undefined;
  /**
   * Called with the id of the new session's record before the record is created, so that the browser's record can name
   * it; called with null for a session of the application's own express-session. If the id is taken, it is called again
   * with another id, and with null if all ids were taken. If it rejects, no session is created.
   */
  name?: ((session: string | null) => Promise<void>) | undefined;
  /** Is the login stored as pending, without access, until it is admitted? */
  pending?: boolean;
  /** Called once the login is in the store. If it rejects, the login is undone. */
  admit?: (() => Promise<void>) | undefined;
  /** Called if the old session has already ended, to end its login, which may have moved to another session. */
  missed?: (() => Promise<void>) | undefined;
}

/** How many new ids a login tries if the first ones are taken. */
const MAX_TRIES = 3;

/** One of latchkey's own sessions, as `regenerate` uses it. */
export interface Regenerable {
  /** Is the session in the store, as far as this process knows? */
  readonly isStored: boolean;
  /** When the session was created. */
  readonly createdAt: number | undefined;
  /** The id of the session's record. */
  readonly recordId: string | null;
  /** Returns a function that gives the request its current session back. */
  remember(): () => void;
  /** Gives the request a new, empty, unsaved session with a new id. */
  generate(): void;
  /** Puts a login and the application's values into an unsaved session. */
  begin(values: object, auth: SessionAuth, createdAt: number | undefined): void;
  putAuth(auth: SessionAuth): void;
  save(): Promise<void>;
  /**
   * Returns a function that ends the current session, even if the request has another one by then. It resolves with
   * true if it ended the session.
   */
  ender(): () => Promise<boolean>;
  noteReplaced(ended: boolean): void;
}

/** See `RequestSession.regenerate`. */
export async function regenerate(session: Regenerable, next: NextSession): Promise<void> {
  const { auth, continues, admit, missed } = next;
  const { isStored } = session;
  const goBack = session.remember();
  const endOld = session.ender();
  const createdAt = next.createdAt ?? (continues ? session.createdAt : undefined);
  if (next.pending) auth.pending = true;
  let ended = false;
  let endNew: (() => Promise<boolean>) | undefined;
  try {
    await create(session, next, createdAt);
    endNew = session.ender();
    await admit?.();
    ended = isStored && (await endOld());
    if (continues && isStored && !ended) throw new SessionGoneError();
    if (isStored && !ended) await missed?.();
    if (auth.pending) await activate(session, auth);
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

async function activate(session: Regenerable, { pending: _, ...auth }: SessionAuth): Promise<void> {
  session.putAuth(auth);
  await session.save();
}

/**
 * Ends a session after an error. If that fails too, the session ends when it expires. If the store is unavailable, the
 * request does not wait for it.
 */
async function undo(end: () => Promise<boolean>, error: unknown): Promise<void> {
  const undoing = end().catch(() => {}); // the event storeFailed reports a failure
  if (!(error instanceof StoreUnavailableError)) await undoing;
}
