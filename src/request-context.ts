import { AsyncLocalStorage } from "node:async_hooks";
import type { Request, Response } from "express";
import { LatchkeyError, MiddlewareMissingError } from "./errors.js";
import type { LoginEmitter } from "./events.js";
import type { FlashRoom } from "./flashes.js";
import type { RequestLoader, ResolvedOptions, UserLoader } from "./options.js";
import type { Remember } from "./remember.js";
import { openStateOf, stateOf } from "./request-state.js";
import type { SessionAuth } from "./session-auth.js";
import type { Stamps } from "./stamp.js";
import type { StoreCalls } from "./store-calls.js";

/** What one LoginManager gives its rooms to work with. */
export interface Core {
  readonly options: ResolvedOptions;
  readonly events: LoginEmitter<object>;
  readonly stamps: Stamps;
  readonly remember: Remember;
  readonly flashes: FlashRoom;
  /** The store; absent as long as nothing but an express-session of the application's own is known. */
  calls: StoreCalls | undefined;
  userLoader: UserLoader<object> | undefined;
  requestLoader: RequestLoader<object> | undefined;
}

/** The outcome of loading the user of a request. */
export interface LoadedUser {
  /** The user, or the anonymous user. */
  readonly user: object;
  /** May this user pass guards? */
  readonly authenticated: boolean;
  /** The login, where it is in no session and serves this request alone. */
  readonly once?: SessionAuth;
}

/** One request under one LoginManager. */
export class RequestContext {
  /** The user, once somebody asked. */
  loading: Promise<LoadedUser> | undefined;
  /** The user, once loaded. */
  loaded: LoadedUser | undefined;
  /** `req.user`, unless another library had put something there before. */
  user: Request["user"];
  /** What this context put into `req.user`. */
  #placed: object | undefined;

  constructor(
    readonly core: Core,
    readonly req: Request,
    readonly res: Response,
  ) {}

  /** Takes this user, from now on, as the one of the request. */
  settle(loaded: LoadedUser): LoadedUser {
    this.loaded = loaded;
    this.loading = Promise.resolve(loaded);
    if (loaded.authenticated) this.req.user = this.#placed = loaded.user;
    else if (this.req.user === this.#placed) this.req.user = undefined; // what another library put there stays
    return loaded;
  }
}

/** A loader that is running, for a request. */
class LoaderRun {
  constructor(
    readonly req: Request,
    readonly within: RequestContext | undefined,
  ) {}
}

const storage = new AsyncLocalStorage<RequestContext | LoaderRun>();

/**
 * Runs the rest of a request under a context.
 *
 * The parsers of bodies call back from the request's own events, which belong to the connection: they are brought under
 * the context too, or it would be lost behind multer.
 */
export function enterContext(context: RequestContext, next: () => void): void {
  const { req } = context;
  openStateOf(req).context = context;
  if (req.headers["content-length"] !== undefined || req.headers["transfer-encoding"] !== undefined) {
    const { emit } = req;
    req.emit = (...args: Parameters<typeof emit>) => storage.run(context, () => emit.apply(req, args));
  }
  storage.run(context, next);
}

/** Runs a loader, which may wait for anything but the user that it is to load. */
export function runLoader<A extends unknown[], T>(req: Request, load: (...args: A) => T, ...args: A): T {
  return storage.run(new LoaderRun(req, activeContext()), load, ...args);
}

/** @throws LatchkeyError inside of a loader of this request, where waiting for the user would never end */
export function assertOutsideLoader({ req }: Pick<RequestContext, "req">): void {
  const running = storage.getStore();
  if (!(running instanceof LoaderRun) || running.req !== req) return;
  throw new LatchkeyError(
    "inside_loader",
    500,
    "a loader asked for the current user, or called a verb, while it is loading",
  );
}

/** The context of the request that is being handled, if any. */
export function activeContext(): RequestContext | undefined {
  const running = storage.getStore();
  return running instanceof LoaderRun ? running.within : running;
}

/** The context of a request under this very manager, if it passed its middleware. */
export function knownContext(req: Request, core: Core): RequestContext | undefined {
  const context = stateOf(req)?.context;
  return context?.core === core ? context : undefined;
}

/** Did the request pass the middleware of any manager? */
export function isUnderManager(req: Request): boolean {
  return stateOf(req)?.context !== undefined;
}

/** @throws MiddlewareMissingError when the request did not pass the middleware */
export function contextOf(req: Request | undefined): RequestContext {
  const context = req ? stateOf(req)?.context : activeContext();
  if (context) return context;
  throw new MiddlewareMissingError(
    req
      ? "this request did not pass login.init(app) or login.middleware(); mount it before the routes"
      : "currentUser() was called outside of a request, or before login.init(app) or login.middleware()",
  );
}

/** One session cannot say for two managers who is logged in: user "1" of the one is not user "1" of the other. */
export function secondManager(): LatchkeyError {
  return new LatchkeyError(
    "second_manager",
    500,
    "this request is under another LoginManager already; use one for all",
  );
}
