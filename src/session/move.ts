import type { Request } from "express";
import type { SessionData } from "express-session";
import { isLatchkeyError, SessionGoneError, StoreUnavailableError } from "../errors.js";
import type { SessionAuth } from "./auth.js";
import { SessionBridge } from "./express-store.js";
import { markReplaced, presentedId } from "./request-session.js";
import { putAuth, putValues } from "./session.js";

/** How many new ids a login tries. */
const MOST_TRIES = 3;

/** Is the request's session kept by latchkey, rather than by an express-session of the application's own? */
export function isBridged(req: Request): boolean {
  return req.sessionStore instanceof SessionBridge;
}

/** @throws InsecureConnectionError when the cookie of a session of latchkey's could never reach the browser */
export function assertSessionDeliverable(req: Request): void {
  // An express-session of the application's own may trust a proxy that Express does not.
  if (req.sessionStore instanceof SessionBridge) req.sessionStore.assertDeliverable(req);
}

/** Can the cookie of latchkey's session reach the browser? If not, warns the first time. */
export function isSessionDeliverable({ req }: { req: Request }): boolean {
  return !(req.sessionStore instanceof SessionBridge) || req.sessionStore.isDeliverable(req);
}

/** The id of the record of the request's session; undefined for an express-session of the application's own. */
export function recordIdOf({ session, sessionStore }: Request): string | undefined {
  return sessionStore instanceof SessionBridge ? sessionStore.recordId(session) : undefined;
}

/** Is the request's session new, and in no store yet? Not known of an express-session of the application's own. */
export function isUnsaved({ session, sessionStore }: Request): boolean {
  return sessionStore instanceof SessionBridge && !sessionStore.isStored(session);
}

/**
 * Ends the session in the store and gives the request a new, empty, unsaved one with a new id.
 *
 * @returns whether there was one to end; with an express-session of the application's own, whether it was there just before
 */
export async function endSession(req: Request): Promise<boolean> {
  const { sessionID, sessionStore } = req;
  let existed: boolean;
  if (sessionStore instanceof SessionBridge) {
    // The session could not be read, or the application replaced its object: the cookie still has its id.
    const id = sessionStore.isStored(req.session) ? sessionID : presentedId(req);
    existed = id !== undefined && (await sessionStore.end(id));
    sessionStore.generate(req);
  } else {
    existed = Boolean(await storedSession(req));
    await calledBack(req, (done) => req.sessionStore.regenerate(req, done));
  }
  markReplaced(req, existed);
  return existed;
}

/** What the store of an express-session of the application's own has of the request's session now. */
export async function storedSession(req: Request): Promise<SessionData | null> {
  const session = await calledBack(req, (done) =>
    req.sessionStore.get(req.sessionID, (error, found) => {
      // For express-session too this is how a store of files says that there is none.
      if (error?.code === "ENOENT") done();
      else done(error, found);
    }),
  );
  return (session as SessionData | undefined) ?? null;
}

/** What the application put into a session, with the lifetime that it gave the cookie, but not who is logged in: to be carried over. */
export function carriedValues({ session }: Request): object {
  if (!session) return {};
  const { auth: _, cookie, ...values } = session;
  return typeof cookie?.originalMaxAge === "number" ? { ...values, cookie } : values;
}

/** How a login comes into a new session. */
export interface Move {
  data: object;
  auth: SessionAuth;
  /** Does this login continue the one of the old session, which must be there still? */
  continues?: boolean;
  /** When the login began. @default now, or when the login began that it continues */
  createdAt?: number | undefined;
  /**
   * Called with the id of the new session's record before that is created, so that the record of the browser names it; with null for a
   * session of the application's own. Called again with another id when that one is taken, and with null when all were. A rejection
   * creates none.
   */
  name?: ((session: string | null) => Promise<void>) | undefined;
  /** Does the login give no access until it is admitted? */
  pending?: boolean;
  /** Has the last word, once the login is in the store; a rejection undoes it. */
  admit?: (() => Promise<void>) | undefined;
  /** Ends the login of the old session where that has gone: it may live on in another one. */
  missed?: (() => Promise<void>) | undefined;
}

/**
 * Moves the request to a new, saved session with a login, and ends the old one. When it fails, the request has its old session, or
 * where that has ended an empty one.
 *
 * The new session is there before the old one ends, so who ends the user's logins meanwhile finds the one or the other. Until the
 * answer nobody knows its id.
 *
 * @throws SessionGoneError when the login that this one continues, or this one, was ended meanwhile; the session is empty then
 */
export async function moveSession(req: Request, move: Move): Promise<void> {
  const { sessionID: oldID, session: old, sessionStore } = req;
  if (!(sessionStore instanceof SessionBridge)) return moveForeignSession(req, move);
  const { auth, continues, admit, missed } = move;
  const isStored = sessionStore.isStored(old);
  if (move.pending) auth.pending = true;
  let ended = false;
  let isNew = false;
  try {
    await startLogin(req, move, move.createdAt ?? (continues && old ? sessionStore.createdAt(old) : undefined));
    isNew = true;
    await admit?.();
    ended = isStored && (await sessionStore.end(oldID));
    if (continues && isStored && !ended) throw new SessionGoneError();
    if (isStored && !ended) await missed?.();
    if (auth.pending) await activate(req);
    markReplaced(req, ended);
  } catch (error) {
    const isGone = error instanceof SessionGoneError;
    if (isNew) await undo(sessionStore, req.sessionID, error);
    if (isGone && continues && isStored && !ended) await undo(sessionStore, oldID, error);
    if (!ended && !isGone) Object.assign(req, { sessionID: oldID, session: old });
    else {
      sessionStore.generate(req);
      markReplaced(req, ended);
    }
    throw error;
  }
}

/** Ends a session that must not be. Should that fail, it ends when it expires. While the store is away nobody waits for it. */
async function undo(bridge: SessionBridge, sid: string, error: unknown): Promise<void> {
  const undoing = bridge.end(sid).catch(() => {}); // told by storeFailed
  if (!(error instanceof StoreUnavailableError)) await undoing;
}

async function activate(req: Request): Promise<void> {
  const { pending: _, ...auth } = req.session.auth!;
  putAuth(req.session, auth);
  await saveSession(req);
}

/** An express-session of the application's own ends the old session first, and cannot tell who ended it. */
async function moveForeignSession(req: Request, { data, auth, continues, name, admit }: Move): Promise<void> {
  await name?.(null);
  const existed = await endSession(req);
  if (continues && !existed) throw new SessionGoneError();
  putValues(req.session, data);
  putAuth(req.session, auth);
  try {
    await saveSession(req);
    await admit?.();
  } catch (error) {
    req.sessionStore.generate(req); // or the save at the end of the response could still bring the login about
    throw error;
  }
}

/** Puts a login into a new session of the request, and saves it. */
async function startLogin(req: Request, { data, auth, name }: Move, createdAt: number | undefined): Promise<void> {
  const bridge = req.sessionStore as unknown as SessionBridge;
  for (let tried = 1; ; tried++) {
    bridge.generate(req);
    await name?.(bridge.recordId(req.session)!);
    putValues(req.session, data);
    putAuth(req.session, auth);
    if (createdAt !== undefined) bridge.begin(req.session, createdAt);
    try {
      return await saveSession(req);
    } catch (error) {
      if (!isLatchkeyError(error, "session_exists")) throw error;
      if (tried < MOST_TRIES) continue;
      await name?.(null);
      throw error;
    }
  }
}

/** Gives the request a new, empty session and takes the cookie from the browser, whatever became of the old session. */
export function abandonSession(req: Request): void {
  req.sessionStore.generate(req);
  markReplaced(req, true);
}

/** Saves the session now, rather than at the end of the response. */
export async function saveSession(req: Request): Promise<void> {
  await calledBack(req, (done) => req.session.save(done));
}

/** A callback of express-session's as a promise; a failure of another store than ours becomes StoreUnavailableError. */
function calledBack(req: Request, call: (done: (error?: unknown, value?: unknown) => void) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (!error) resolve(value);
      else if (isBridged(req)) reject(error);
      else reject(new StoreUnavailableError("the session store failed", { cause: error }));
    });
  });
}
