import type { CookieOptions, Request, RequestHandler } from "express";
import expressSession from "express-session";
import onHeaders from "on-headers";
import { changesCookie } from "./cookies.js";
import { StoreUnavailableError } from "./errors.js";
import type { LoginEmitter } from "./events.js";
import type { ResolvedOptions } from "./options.js";
import { isFinishing, isPersonal, isShareable, isWatched, watchSession } from "./session-access.js";
import type { SessionAuth } from "./session-auth.js";
import { SessionBridge } from "./session-bridge.js";
import { SessionCookie } from "./session-cookie.js";
import type { StoreCalls } from "./store-calls.js";

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

/** The session middleware, and what it is made of. */
export interface SessionRoom {
  bridge: SessionBridge;
  cookie: SessionCookie;
  handler: RequestHandler;
}

/** express-session over a SessionStore. While the store is away, the session is not: using `req.session` throws then. */
export function sessionRoom(
  options: ResolvedOptions,
  secrets: readonly string[],
  calls: StoreCalls,
  events: LoginEmitter<never>,
): SessionRoom {
  const { name, ...attributes } = options.sessionCookie;
  const bridge = new SessionBridge(calls, options, events);
  const cookie = new SessionCookie(name, secrets);
  const session = expressSession({
    name,
    cookie: attributes,
    secret: [...secrets],
    store: bridge,
    resave: false,
    saveUninitialized: false,
  });
  const access = { cookie: options.sessionCookie, absoluteTimeout: options.absoluteTimeout };
  return {
    bridge,
    cookie,
    handler: function latchkeySession(req, res, next) {
      if (isWatched(req)) return next();
      const opened = cookie.read(req);
      if (opened && !opened.byFirst) signAnew(cookie, opened.sid, req, res);
      const showAll = showOnly(req, opened?.pair);
      session(req, res, (error?: unknown) => {
        showAll();
        // A late error is that of the save at the end; an event told it, and Express would cut the response short.
        if (isFinishing(req) && res.headersSent) return;
        const unavailable = error instanceof StoreUnavailableError ? error : undefined;
        if (error && !unavailable) return next(error);
        watchSession(req, res, { ...access, unavailable });
        next();
      });
      showAll();
    },
  };
}

/**
 * Lets express-session read the session's one genuine cookie, which it does at once, and nothing else, until the function that this
 * gives is called. It would take the first of several, whoever set it, and where none is genuine what a cookie parser has made of
 * them, which may be no text.
 */
function showOnly(req: Request, pair = ""): () => void {
  const { headers, cookies, signedCookies } = req;
  const { cookie } = headers;
  if (cookie !== undefined) headers.cookie = pair;
  if (cookies) req.cookies = undefined;
  if (signedCookies) req.signedCookies = undefined as never;
  let shown = false;
  return () => {
    if (shown) return;
    shown = true;
    if (cookie !== undefined) headers.cookie = cookie;
    if (cookies) req.cookies = cookies;
    if (signedCookies) req.signedCookies = signedCookies;
  };
}

/** Gives the browser its cookie signed by the first secret, once a user is loaded from one that another secret signed. */
function signAnew(cookie: SessionCookie, sid: string, req: Request, res: Parameters<RequestHandler>[1]): void {
  // Runs after express-session's own listener, the one that was added first being the last.
  onHeaders(res, () => {
    const { session, sessionID } = req;
    if (!session || sessionID !== sid || !isPersonal(req)) return;
    if (isShareable(res) || changesCookie(res, cookie.name)) return;
    const { data } = session.cookie as unknown as { data: CookieOptions }; // its types leave it out
    res.cookie(cookie.name, cookie.seal(sessionID), data);
  });
}
