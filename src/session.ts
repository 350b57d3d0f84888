import { createHmac } from "node:crypto";
import type { Request, RequestHandler } from "express";
import expressSession from "express-session";
import { MemoryStore } from "../stores/memory.js";
import { SessionExistsError, StoreUnavailableError } from "./errors.js";
import type { LoginEmitter } from "./events.js";
import type { ResolvedOptions } from "./options.js";
import { isFinishing, isWatched, markReplaced, watchSession } from "./session-access.js";
import { SessionBridge } from "./session-bridge.js";

/** How many new ids a login tries. */
const MOST_TRIES = 3;

/** Who is logged in, as the session keeps it. Instants are milliseconds since the epoch. */
export interface SessionAuth {
  userId: string;
  loginAt: number;
  /** When credentials were last seen; null when they were not, or no longer count. */
  freshAt: number | null;
  /** The client that logged in; null when the login is bound to none. */
  fingerprint: string | null;
  /** The keyed hash of the user's stamp; null when the user has none. */
  stamp: string | null;
  /** Restored from the remember cookie? */
  remembered: boolean;
}

/** A one-time message. */
export interface Flash {
  message: string;
  category: string;
}

declare module "express-session" {
  interface SessionData {
    /** latchkey's: who is logged in. Change it through loginUser, logoutUser and confirmLogin only. */
    auth?: SessionAuth;
    /** latchkey's: messages that were not taken yet. */
    flashes?: Flash[];
    /** latchkey's: the page to go to after logging in, with `nextIn: "session"`. */
    next?: string;
  }
}

/** The session middleware, and the bridge that it stores through. */
export interface SessionRoom {
  bridge: SessionBridge;
  handler: RequestHandler;
  /** The cookie, `name=value`, of a session by its id. */
  cookieOf: (sid: string) => string;
}

/** express-session over a SessionStore. While the store is away, the session is not: using `req.session` throws then. */
export function sessionRoom(
  options: ResolvedOptions,
  secrets: readonly string[],
  events: LoginEmitter<never>,
): SessionRoom {
  const { name, ...cookie } = options.sessionCookie;
  const store = options.store ?? new MemoryStore();
  const bridge = new SessionBridge({ ...options, store }, events);
  const session = expressSession({
    name,
    cookie,
    secret: [...secrets],
    store: bridge,
    resave: false,
    saveUninitialized: false,
  });
  return {
    bridge,
    cookieOf: (sid) => `${name}=${encodeURIComponent(`s:${sid}.${signature(sid, secrets[0]!)}`)}`,
    handler: function latchkeySession(req, res, next) {
      if (isWatched(req)) return next();
      session(req, res, (error?: unknown) => {
        // A late error is that of the save at the end; an event told it, and Express would cut the response short.
        if (isFinishing(req) && res.headersSent) return;
        const unavailable = error instanceof StoreUnavailableError ? error : undefined;
        if (error && !unavailable) return next(error);
        watchSession(req, res, { cookie: options.sessionCookie, unavailable });
        next();
      });
    },
  };
}

/** The signature that express-session puts behind an id. */
function signature(sid: string, secret: string): string {
  return createHmac("sha256", secret).update(sid).digest("base64").replace(/=+$/, "");
}

/** Is the request's session kept by latchkey, rather than by an express-session of the application's own? */
export function isBridged(req: Request): boolean {
  return req.sessionStore instanceof SessionBridge;
}

/**
 * Ends the session in the store and gives the request a new, empty, unsaved one with a new id.
 *
 * @returns whether there was one to end; with an express-session of the application's own, whether it was there just before
 */
export async function replaceSession(req: Request): Promise<boolean> {
  const { sessionID, sessionStore } = req;
  let existed: boolean;
  if (sessionStore instanceof SessionBridge) {
    existed = await sessionStore.end(sessionID);
    sessionStore.generate(req);
  } else {
    existed = Boolean(await calledBack(req, (done) => sessionStore.get(sessionID, done)));
    await calledBack(req, (done) => req.session.regenerate(done));
  }
  markReplaced(req, existed);
  return existed;
}

/**
 * Puts a login into the request's new session, and saves it. When that fails the session is left empty, or the save at the end
 * of the response could still bring the login about.
 */
export async function startLogin(req: Request, data: object, auth: SessionAuth): Promise<void> {
  for (let tried = 1; ; tried++) {
    Object.assign(req.session, data, { auth });
    try {
      return await saveSession(req);
    } catch (error) {
      req.sessionStore.generate(req);
      if (tried === MOST_TRIES || !(error instanceof SessionExistsError)) throw error;
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
