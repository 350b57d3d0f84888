import { MiddlewareMissingError } from "../errors.js";
import type { EndReason } from "../events.js";
import type { SessionAuth } from "../session/auth.js";
import { traced } from "../trace.js";
import { isAuthenticatedUser } from "../user.js";
import { userByRequest } from "./loaded-user.js";
import type { LoadedUser, RequestContext } from "./request-context.js";
import { restoreLogin } from "./restore.js";
import { assertOutsideLoader } from "./running-context.js";
import { verify } from "./verify.js";

/**
 * Returns the user of a request, and loads it at the first call: from the session, else by the remember cookie, else by
 * the request loader; else it is the anonymous user.
 */
export function loadUser(context: RequestContext): Promise<LoadedUser> {
  assertOutsideLoader(context);
  return context.loading ?? begin(context);
}

/**
 * Records that the user is being loaded, then starts to load: listeners that are called during the load may ask for the
 * user too.
 */
function begin(context: RequestContext): Promise<LoadedUser> {
  let resolve!: (loading: Promise<LoadedUser>) => void;
  context.loading = new Promise((resolved) => {
    resolve = resolved;
  });
  const { loading, req } = context;
  resolve(traced("load", { req }, () => load(context)));
  return loading;
}

/** Waits for a load in progress. Otherwise it would finish after the caller's changes and undo them. */
export async function loadingOver(context: RequestContext): Promise<void> {
  assertOutsideLoader(context);
  await context.loading?.catch(() => {});
}

/** The login that the session holds, if any. */
export function authOf({ req, session }: RequestContext): SessionAuth | undefined {
  const auth = session.readAuth();
  if (auth !== null) return auth;
  if (req.sessionID !== undefined) return undefined; // the application destroyed it
  throw new MiddlewareMissingError(
    "req.session is missing: mount login.session() or express-session before login.middleware(). " +
      "If it is mounted, its store is disconnected, or the request is outside of its cookie's path",
  );
}

/** The login of a request whose user was loaded: the session's login, or a login for this request only. */
export function loginOf(context: RequestContext): SessionAuth | undefined {
  return authOf(context) ?? context.loaded?.once;
}

/** The anonymous user of a request. */
export function anonymous({ core }: RequestContext): LoadedUser {
  const make = core.options.anonymousUser as (new () => object) & (() => object);
  const isClass = Object.getOwnPropertyDescriptor(make, "prototype")?.writable === false;
  return { user: isClass ? new make() : make(), authenticated: false };
}

async function load(context: RequestContext): Promise<LoadedUser> {
  const { core, req, session } = context;
  core.events.emit("userAccessed", { req });
  const auth = authOf(context);
  const verdict =
    auth && !auth.pending && (await verify(core, req, auth, (changes) => session.changeAuth(auth, changes)));
  const ofSession = typeof verdict === "string" ? await ended(context, auth!, verdict) : verdict;
  const found = ofSession || (await restoreLogin(context)) || (await fromRequest(context));
  if (found) session.markPersonal();
  return context.settle(found ?? anonymous(context));
}

/** Ends a login that is no longer valid. Returns the anonymous user if no other way may log the request in. */
async function ended(context: RequestContext, auth: SessionAuth, reason: EndReason): Promise<LoadedUser | undefined> {
  const { core, req, res, session } = context;
  const isAttack = reason === "session protection";
  if (isAttack) await core.remember.end(auth.series, { kept: session.recordId });
  await session.end();
  if (isAttack && !res.headersSent) core.remember.forget(req, res);
  core.events.emit("loginEnded", { req, userId: auth.userId, reason });
  return isAttack ? anonymous(context) : undefined;
}

async function fromRequest(context: RequestContext): Promise<LoadedUser | undefined> {
  const { core, req } = context;
  const user = await userByRequest(core, req);
  if (!user) return undefined;
  core.events.emit("loadedFromRequest", { req, user });
  return { user, authenticated: isAuthenticatedUser(user) };
}
