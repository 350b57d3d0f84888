/// <reference types="express-session" preserve="true" />
import type { RequestHandler } from "express";
import type { StorageIds } from "../crypto/storage-id.js";
import { StoreUnavailableError } from "../errors.js";
import type { LoginEmitter } from "../events.js";
import { startResponse } from "../http/before-response.js";
import { pathOf } from "../http/cookie-places.js";
import type { ResolvedOptions } from "../options/options.js";
import type { SessionStore } from "../store/session-store.js";
import type { SessionAuth } from "./auth.js";
import { SessionBridge } from "./express-store.js";
import { SessionCookie } from "./id-cookie.js";
import { SessionOfRequest, type SessionParts } from "./own-session.js";
import { SessionRecords } from "./records.js";
import { isWatched } from "./request-session.js";
import { SessionSettings } from "./settings.js";

declare module "express-session" {
  interface SessionData {
    /** latchkey's: who is logged in. Change it through loginUser, logoutUser and confirmLogin only. */
    auth?: SessionAuth;
  }

  /** The verbs of a session of latchkey's without a callback. Those of an express-session of your own give no promise. */
  interface Session {
    save(): Promise<void>;
    reload(): Promise<void>;
    regenerate(): Promise<void>;
    destroy(): Promise<void>;
  }
}

/** The session middleware, and what it is made of. */
export interface SessionRoom extends SessionParts {
  handler: RequestHandler;
}

/**
 * Gives each request its session, `req.session`, with the contract of express-session, over a SessionStore. While the store is away,
 * the session is not: using `req.session` throws then.
 */
export function sessionRoom(
  options: ResolvedOptions,
  secrets: readonly string[],
  store: SessionStore,
  ids: StorageIds,
  events: LoginEmitter<never>,
): SessionRoom {
  const { idleTimeout, absoluteTimeout, sessionCookie } = options;
  const settings = new SessionSettings(options, events);
  const maxAge = sessionCookie.maxAge ?? null;
  const records = new SessionRecords(store, ids, { idleTimeout, absoluteTimeout, maxAge }, events);
  const bridge = new SessionBridge(records, settings);
  const cookie = new SessionCookie(sessionCookie.name, secrets, ids);
  const parts: SessionParts = { bridge, cookie, settings, absoluteTimeout };
  const handler: RequestHandler = function latchkeySession(req, res, next) {
    if (isWatched(req) || req.session) return next();
    const { path } = settings.cookie.attributesFor(req);
    if (path !== "/" && !pathOf(req).startsWith(path)) return next();
    const opened = cookie.read(req);
    const session = new SessionOfRequest(req, res, parts, opened);
    startResponse(res, session, next);
    if (!opened) {
      session.leaveUnmade();
      return next();
    }
    records.find(opened.sid, opened.id).then(
      (kept) => {
        if (kept) session.leaveFound(kept);
        else session.leaveUnmade();
        next();
      },
      (error: unknown) => {
        if (!(error instanceof StoreUnavailableError)) return next(error);
        session.unavailable = error;
        next();
      },
    );
  };
  return { ...parts, handler };
}
