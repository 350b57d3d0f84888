import type { Request, Response } from "express";
import type { Core } from "../core.js";
import { MiddlewareMissingError, StoreUnavailableError } from "../errors.js";
import { expressRequired } from "../http/express-only.js";
import { isOfAnotherCopy, RequestSlot } from "../http/request-slot.js";
import type { SessionAuth } from "../session/auth.js";
import type { RequestSession } from "../session/request-session.js";
import { secondCopy } from "./second-copy.js";

/** The outcome of loading the user of a request. */
export interface LoadedUser {
  /** The user, or the anonymous user. */
  readonly user: object;
  /** May this user pass guards? */
  readonly authenticated: boolean;
  /** The login, if it is valid for this request only and is not in a session. */
  readonly once?: SessionAuth;
  /** Set if the login is not complete: the methods that the user must still use. */
  readonly missing?: readonly string[];
  /** The administrator who acts as the user; undefined if the user logged in. */
  readonly impersonator?: object;
}

/** The user of a login that is not complete. */
export type PendingUser = LoadedUser & Required<Pick<LoadedUser, "missing">>;

/** The state of one request under one LoginManager. */
export class RequestContext {
  /**
   * The context of the first manager of the request, which may be this one. Functions that are not called on a manager use
   * it, and `req.session` and `req.user` belong to it.
   */
  readonly first: RequestContext;
  /** The promise of the user; undefined until the load starts. */
  loading: Promise<LoadedUser> | undefined;
  /** Set while the request logs a user in or out. */
  changing: Promise<void> | undefined;
  /** The user; undefined until the user is loaded. */
  loaded: LoadedUser | undefined;
  /** The user whose login is not complete; undefined if there is none, or if the user is not loaded. */
  pending: PendingUser | undefined;
  /** The login of the session that was set aside. A logout still ends it. */
  aside: SessionAuth | undefined;
  /** The value of `req.user`, unless another library has defined that property. */
  user: Request["user"];
  /** The user that this context assigned to `req.user`. */
  #placed: object | undefined;

  constructor(
    readonly core: Core,
    readonly req: Request,
    readonly res: Response,
    readonly session: RequestSession,
    first?: RequestContext,
  ) {
    this.first = first ?? this;
  }

  /**
   * Has the response ended? If the client disconnected before the response began, the request is still being handled.
   *
   * After the response has ended, the asynchronous context no longer shows which request is being handled. A connection
   * pool, a timer or a queue that this request started keeps this context, and may run callbacks of other requests in
   * it.
   */
  get hasEnded(): boolean {
    const { res } = this;
    return res.writableEnded || (res.destroyed && res.headersSent);
  }

  /** The id of the request's login; null if nobody is logged in, undefined if the store failed. */
  loginId(): string | null | undefined {
    if (this.session.isLoginUnknown) return undefined;
    try {
      return (this.session.readAuth() ?? this.loaded?.once)?.loginId ?? null;
    } catch (error) {
      if (error instanceof StoreUnavailableError) return undefined;
      throw error;
    }
  }

  /**
   * The login in the session; undefined if there is no login.
   *
   * @throws MiddlewareMissingError if there is no session
   */
  get sessionAuth(): SessionAuth | undefined {
    const auth = this.session.readAuth();
    if (auth !== null) return auth;
    if (this.req.sessionID !== undefined) return undefined; // the application destroyed the session
    throw new MiddlewareMissingError(
      "req.session is missing: mount login.session() or express-session before login.middleware(). " +
        "If you already do, the store is disconnected, or the cookie's path does not cover this request",
    );
  }

  /** The login in the session, or a login that is valid for this request only. Read it after the user is loaded. */
  get auth(): SessionAuth | undefined {
    return this.sessionAuth ?? this.loaded?.once;
  }

  /** The login of the user of this request; undefined if the user comes from the request loader. */
  get userAuth(): SessionAuth | undefined {
    const { auth } = this;
    return auth?.pending ? undefined : auth;
  }

  /** Makes the anonymous user the user of this request. */
  settleAnonymous(rest: Pick<LoadedUser, "once" | "missing"> = {}): LoadedUser {
    const make = this.core.options.anonymousUser as (new () => object) & (() => object);
    const isClass = Object.getOwnPropertyDescriptor(make, "prototype")?.writable === false;
    const user = isClass ? new make() : make();
    return this.settle({ ...rest, user, authenticated: false });
  }

  /** Makes the anonymous user the user of this request, until the loaded user has completed the login. */
  settlePending(pending: PendingUser): LoadedUser {
    const { once, missing } = pending;
    const loaded = this.settleAnonymous({ missing, ...(once && { once }) });
    this.pending = pending;
    return loaded;
  }

  /** Makes the loaded user the user of this request. */
  settle(loaded: LoadedUser): LoadedUser {
    this.pending = undefined;
    this.loaded = loaded;
    if (this.first !== this) return loaded;
    if (loaded.authenticated) this.req.user = this.#placed = loaded.user;
    else if (this.req.user === this.#placed) this.req.user = undefined; // keep a user that another library set
    return loaded;
  }
}

const contexts = new RequestSlot<RequestContext>();

/** Has a request of this process had several managers? */
let hasSeveral = false;
let hasWarned = false;

/** Associates a request with its context. */
export function noteContext(context: RequestContext): void {
  contexts.set(context.req, context, context.core);
  if (context.first !== context) hasSeveral = true;
}

/** Returns the context of a request under its first manager; undefined if it did not pass the middleware of one. */
export function contextIn(req: Request): RequestContext | undefined {
  return contexts.get(req);
}

/** Returns the contexts of a request under all of its managers, in the order in which their middleware ran. */
export function contextsIn(req: Request): RequestContext[] {
  return contexts.all(req);
}

/** Returns this manager's context of a request; undefined if the request did not pass this manager's middleware. */
export function knownContext(req: Request, core: Core): RequestContext | undefined {
  return contexts.get(req, core);
}

/**
 * Returns the context of a request.
 *
 * @param core the manager; by default, the first manager of the request. If there are several, emits a warning
 *
 * @throws MiddlewareMissingError if the request did not pass the middleware of the manager
 * @throws LatchkeyError if the request passed the middleware of another copy of this package, or is not of Express
 */
export function contextOf(req: Request, core?: Core): RequestContext {
  const context = contexts.get(req, core);
  if (context) {
    if (hasSeveral && !core && !hasWarned) warnIfAmbiguous(req);
    return context;
  }
  if (isOfAnotherCopy(req)) throw secondCopy("this request");
  if (typeof req?.app !== "function") throw expressRequired();
  throw new MiddlewareMissingError(
    contexts.get(req)
      ? "this request passed the middleware of another LoginManager, but not of this one: call init(app) of both before the routes. " +
          "If you already do, the path of this manager's session cookie does not cover this request"
      : "this request did not pass login.init(app) or login.middleware(): use one of them before the routes. " +
          "In NestJS, import LatchkeyModule.forRoot(login) in the root module",
  );
}

/**
 * Returns the context of a request under the manager with this realm, or under the first manager, without a warning.
 *
 * @throws MiddlewareMissingError if no such manager handles the request
 */
export function contextOfRealm(req: Request, realm: string | undefined): RequestContext {
  const first = contextOf(req, contextIn(req)?.core);
  if (realm === undefined) return first;
  const contexts = contextsIn(req);
  const context = contexts.find(({ core }) => core.options.realm === realm);
  if (context) return context;
  throw new MiddlewareMissingError(
    `no LoginManager with the realm ${JSON.stringify(realm)} handles this request. ` +
      `Its managers have ${contexts.map(({ core }) => realmNamed(core.options.realm)).join(", ")}. ` +
      "Check the realm, and call init(app) of that manager before the routes",
  );
}

function warnIfAmbiguous(req: Request): void {
  if (contextsIn(req).length < 2) return;
  hasWarned = true;
  process.emitWarning(
    "a request has several LoginManagers, and a function or guard was called that belongs to none of them, so it uses the first, " +
      `with ${realmNamed(contexts.get(req)!.core.options.realm)}. Call it on a manager, as in staff.loginRequired()`,
    "LatchkeyManagerWarning",
  );
}

function realmNamed(realm: string): string {
  return realm === "" ? "no realm" : `the realm ${JSON.stringify(realm)}`;
}
