import type { Request, Response } from "express";
import type { Core } from "../core.js";
import { LatchkeyError, MiddlewareMissingError, StoreUnavailableError } from "../errors.js";
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
  /** The login, if it is in no session and is valid for this request only. */
  readonly once?: SessionAuth;
}

/** One request under one LoginManager. */
export class RequestContext {
  /** The user that is being loaded, or was loaded; undefined until something asks for it. */
  loading: Promise<LoadedUser> | undefined;
  /** The user, once loaded. */
  loaded: LoadedUser | undefined;
  /** The value of `req.user`, unless another library has set one. */
  user: Request["user"];
  /** What this context put into `req.user`. */
  #placed: object | undefined;

  constructor(
    readonly core: Core,
    readonly req: Request,
    readonly res: Response,
    readonly session: RequestSession,
  ) {}

  /**
   * Has the response ended? A request whose client went away before the response began is still being handled.
   *
   * Once the response has ended, the asynchronous context no longer tells which request is being handled: a connection
   * pool, a timer or a queue that this request started keeps its context, and may call back in it on behalf of other
   * requests.
   */
  get hasEnded(): boolean {
    const { res } = this;
    return res.writableEnded || (res.destroyed && res.headersSent);
  }

  /** The id of the request's login; null if there is none, undefined if it is unknown because the store failed. */
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
   * The login that the session holds, if any.
   *
   * @throws MiddlewareMissingError when there is no session
   */
  get sessionAuth(): SessionAuth | undefined {
    const auth = this.session.readAuth();
    if (auth !== null) return auth;
    if (this.req.sessionID !== undefined) return undefined; // the application destroyed it
    throw new MiddlewareMissingError(
      "req.session is missing: mount login.session() or express-session before login.middleware(). " +
        "If it is mounted, its store is disconnected, or the request is outside of its cookie's path",
    );
  }

  /** The login of a request whose user was loaded: the session's login, or a login for this request only. */
  get auth(): SessionAuth | undefined {
    return this.sessionAuth ?? this.loaded?.once;
  }

  /** Makes the anonymous user the user of the request from now on. */
  settleAnonymous(): LoadedUser {
    const make = this.core.options.anonymousUser as (new () => object) & (() => object);
    const isClass = Object.getOwnPropertyDescriptor(make, "prototype")?.writable === false;
    return this.settle({ user: isClass ? new make() : make(), authenticated: false });
  }

  /** Makes this the user of the request from now on. */
  settle(loaded: LoadedUser): LoadedUser {
    this.loaded = loaded;
    this.loading = Promise.resolve(loaded);
    if (loaded.authenticated) this.req.user = this.#placed = loaded.user;
    else if (this.req.user === this.#placed) this.req.user = undefined; // keep what another library set
    return loaded;
  }
}

const contexts = new RequestSlot<RequestContext>();

/** Associates a request with its context. */
export function noteContext(context: RequestContext): void {
  contexts.set(context.req, context, context.core);
}

/** The context of a request, if it passed the middleware of a manager. */
export function contextIn(req: Request): RequestContext | undefined {
  return contexts.get(req);
}

/** Did the request pass the middleware of any manager? */
export function hasContext(req: Request): boolean {
  return contexts.get(req) !== undefined;
}

/** The context of a request under this very manager, if it passed its middleware. */
export function knownContext(req: Request, core: Core): RequestContext | undefined {
  return contexts.get(req, core);
}

/**
 * @throws MiddlewareMissingError when the request did not pass the middleware, or LatchkeyError when it passed another
 * copy's
 */
export function contextOf(req: Request): RequestContext {
  const context = contexts.get(req);
  if (context) return context;
  if (isOfAnotherCopy(req)) throw secondCopy("this request");
  throw new MiddlewareMissingError(
    "this request did not pass login.init(app) or login.middleware(); mount it before the routes",
  );
}

/**
 * The error for a request that another manager already handles. One session cannot hold the logins of two managers:
 * user "1" of one is not user "1" of the other.
 */
export function secondManager(): LatchkeyError {
  return new LatchkeyError(
    "second_manager",
    500,
    "another LoginManager already handles this request; use one LoginManager for all routes",
  );
}
