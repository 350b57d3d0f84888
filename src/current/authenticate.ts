import type { IncomingMessage } from "node:http";
import type { Request } from "express";
import type { Core } from "../core.js";
import { MiddlewareMissingError } from "../errors.js";
import { keepAddress } from "../http/client.js";
import { isUpgrade } from "../http/upgrade.js";
import type { SessionAuth } from "../session/auth.js";
import { endForeignSession, foreignSession, isAuthIn } from "../session/foreign-session.js";
import type { SessionMiddleware } from "../session/session-middleware.js";
import { forRequest } from "../trace.js";
import { loadUser } from "./load-user.js";
import { contextIn, contextOf, knownContext, type LoadedUser, type RequestContext } from "./request-context.js";
import { resolveUser, type SessionLogin } from "./resolve-user.js";
import { assertOutsideLoader, isUnderAnotherCopy } from "./running-context.js";
import { secondCopy } from "./second-copy.js";

/**
 * The application that a manager serves, and the manager's session middleware. `app` is undefined until it is known,
 * and `sessions` until `session()` is called.
 */
export interface Mount {
  /** An Express application. `app.request` is the prototype of its requests. */
  app: { request?: object } | undefined;
  sessions: SessionMiddleware | undefined;
}

/**
 * Resolves with the logged-in user of a request that no application handles, or with null. Never sets a cookie.
 *
 * For a request that an application handles, it resolves with the user of that request until the response begins. After
 * that, and for an upgrade, each call reads the store.
 */
export async function authenticate(core: Core, mount: Mount, message: IncomingMessage): Promise<object | null> {
  return (await authenticated(core, mount, message))?.user ?? null;
}

/** The same, with what else is known of the user. Resolves with undefined if nobody is logged in. */
export async function authenticated(
  core: Core,
  mount: Mount,
  message: IncomingMessage,
): Promise<LoadedUser | undefined> {
  keepAddress(message as Request);
  const loaded = await forRequest(message as Request, () => find(core, mount, message));
  return loaded?.authenticated ? loaded : undefined;
}

async function find(core: Core, mount: Mount, message: IncomingMessage): Promise<LoadedUser | undefined> {
  const context = knownContext(message as Request, core);
  if (context && !context.res.headersSent && !isUpgrade(context.req)) return loadUser(context);
  if (!context && isUnderAnotherCopy(message as Request)) throw secondCopy("this request");
  return (await findLogin(core, mount, message, context)).loaded;
}

/** The login of a request that no application handles. */
export interface FoundLogin {
  req: Request;
  /** The user; undefined if there is none. */
  loaded: LoadedUser | undefined;
  /** The login of the user; undefined if the user comes from the request loader. */
  auth: SessionAuth | undefined;
}

/**
 * Reads the login of a request that no application handles. Never sets a cookie.
 *
 * @param context the context of the request, if an application handles it, or did
 */
export async function findLogin(
  core: Core,
  mount: Mount,
  message: IncomingMessage,
  context?: RequestContext,
): Promise<FoundLogin> {
  const req = asRequest(message, mount.app);
  assertOutsideLoader({ core, req });
  if (context?.loaded?.authenticated) core.remember.vouchFor(req);
  if (!mount.sessions && !context && contextIn(req)) contextOf(req, core);
  const login = mount.sessions ? await inStore(mount.sessions, req, context) : await inForeignSession(core, req);
  let auth = login?.auth.pending ? undefined : login?.auth;
  // Changes that `verify` makes to the login are not saved here, because they could overwrite the changes of a
  // concurrent request. The next HTTP request makes the same changes and saves them.
  const watched = login && {
    ...login,
    change(changes: Partial<SessionAuth>) {
      auth = auth && { ...auth, ...changes };
    },
    end() {
      auth = undefined;
      return login.end();
    },
  };
  const loaded = await resolveUser(core, req, watched);
  if (loaded?.authenticated) core.remember.vouchFor(req);
  return { req, loaded, auth: loaded?.once ?? auth };
}

/** Turns a message into an Express request, as Express itself does, so that `req.ip` follows `trust proxy`. */
function asRequest(message: IncomingMessage, app: Mount["app"]): Request {
  if ("app" in message) return message as Request;
  if (!app?.request) {
    throw new MiddlewareMissingError(
      'authenticate() needs the application, because its "trust proxy" setting decides the client address: ' +
        "call login.init(app) first, or pass the application: login.authenticate(req, app)",
    );
  }
  const req = Object.setPrototypeOf(message, app.request) as Request;
  req.originalUrl ??= req.url;
  if (!req.query) req.query = queryOf(req); // Express 4 parses the query in its own middleware
  return req;
}

function queryOf({ app, url }: Request): Request["query"] {
  const parse = app.get("query parser fn") as (query: string) => Request["query"];
  return parse(/\?(.*)/s.exec(url)?.[1] ?? "");
}

async function inStore(
  sessions: SessionMiddleware,
  req: Request,
  context: RequestContext | undefined,
): Promise<SessionLogin | undefined> {
  // A request that an application handles may have a new session, for example after a login.
  const { records, ids } = sessions;
  const opened = context ? openedBy(context) : ids.read(req);
  const state = opened && (await sessions.find(req, opened));
  const auth = state?.record?.data.auth as unknown as SessionAuth | undefined;
  if (!state || !auth) return undefined;
  return {
    auth,
    recordId: state.id,
    change: () => {},
    noteUse: () => records.noteUse(state),
    end: async () => (await sessions.end(state.sid)) !== null,
  };
}

function openedBy({ session: { id } }: RequestContext): { sid: string } | null {
  return id === undefined ? null : { sid: id };
}

/**
 * The application has already run its own express-session on the request. Each call of this function reads the store
 * again.
 */
async function inForeignSession(core: Core, req: Request): Promise<SessionLogin | undefined> {
  if (req.sessionID === undefined) {
    throw new MiddlewareMissingError("req.session is missing: run your express-session on the request first");
  }
  const auth = (await foreignSession(req))?.auth;
  if (!isAuthIn(core.options.realm, auth)) return undefined;
  return { auth, recordId: null, change: () => {}, noteUse() {}, end: () => endForeignSession(req) };
}
