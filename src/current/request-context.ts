import { AsyncLocalStorage } from "node:async_hooks";
import type { Request, Response } from "express";
import type { Core } from "../core.js";
import { LatchkeyError, MiddlewareMissingError, RequestEndedError, StoreUnavailableError } from "../errors.js";
import { isOfAnotherCopy, RequestSlot } from "../http/request-slot.js";
import type { SessionAuth } from "../session/auth.js";
import { isLoginUnknown, readAuth } from "../session/request-session.js";
import { type Copy, copiesBeside, hasCopiesBeside, noteCopy, secondCopy } from "./copies.js";

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

  /**
   * Has the response ended? A request whose client went away before the response began is still being handled.
   *
   * From then on, the asynchronous context does not tell which request is being handled: a connection pool, a timer or a queue that this
   * request started keeps its context, and may call back in it for other requests.
   */
  get hasEnded(): boolean {
    const { res } = this;
    return res.writableEnded || (res.destroyed && res.headersSent);
  }

  /** The id of the request's login, as far as it is known by now; null if there is none, undefined if the store failed. */
  loginId(): string | null | undefined {
    if (isLoginUnknown(this.req)) return undefined;
    try {
      return (readAuth(this.req) ?? this.loaded?.once)?.loginId ?? null;
    } catch (error) {
      if (error instanceof StoreUnavailableError) return undefined;
      throw error;
    }
  }

  /** Takes this user, from now on, as the one of the request. */
  settle(loaded: LoadedUser): LoadedUser {
    this.loaded = loaded;
    this.loading = Promise.resolve(loaded);
    if (loaded.authenticated) this.req.user = this.#placed = loaded.user;
    else if (this.req.user === this.#placed) this.req.user = undefined; // what another library put there stays
    return loaded;
  }
}

/** A loader that is running for a request. A connection that it opened still calls back in this context after the loader has returned. */
class LoaderRun {
  isOver = false;

  constructor(
    readonly req: Request,
    readonly within: RequestContext | undefined,
  ) {}
}

const contexts = new RequestSlot<RequestContext>();
const storage = new AsyncLocalStorage<RequestContext | LoaderRun>();
const copy: Copy = { isServing: () => storage.getStore() !== undefined };

/** Lets the other copies of this package, if there are any, know that this one is in use. */
export function noteThisCopy(): void {
  noteCopy(copy);
}

/** Is the request, or its session, handled by another copy of this package? */
export function isUnderAnotherCopy(req: Request): boolean {
  return hasCopiesBeside() && isOfAnotherCopy(req);
}

/**
 * Runs the rest of a request under a context.
 *
 * Body parsers call back from the request's events, which run in the connection's context. These events run in the request's context
 * too; otherwise it would be lost after multer.
 */
export function enterContext(context: RequestContext, next: () => void): void {
  const { req } = context;
  contexts.set(req, context, context.core);
  if (req.headers["content-length"] !== undefined || req.headers["transfer-encoding"] !== undefined) {
    const { emit } = req;
    req.emit = (...args: Parameters<typeof emit>) => storage.run(context, () => emit.apply(req, args));
  }
  storage.run(context, next);
}

/**
 * Runs a loader, and returns what `check` makes of its result: at once if the loader does not wait. The loader may wait for anything but
 * the user that it is loading.
 */
export function runLoader<A extends unknown[], R>(
  req: Request,
  load: (...args: A) => unknown,
  args: A,
  check: (loaded: unknown) => R,
): R | Promise<R> {
  const run = new LoaderRun(req, contexts.get(req));
  let loading: unknown;
  try {
    loading = storage.run(run, load, ...args);
  } catch (error) {
    run.isOver = true;
    throw error;
  }
  if (isThenable(loading)) return storage.run(run, waitFor<R>, run, loading, check);
  run.isOver = true;
  return check(loading);
}

/** Is called inside of the run, because a query builder begins its query when it is waited for. */
async function waitFor<R>(run: LoaderRun, loading: PromiseLike<unknown>, check: (loaded: unknown) => R): Promise<R> {
  let loaded: unknown;
  try {
    loaded = await loading;
  } finally {
    run.isOver = true;
  }
  return check(loaded);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** Runs a function in a request's own context, even if a connection pool called back in the context of another request. */
export function runWithin<T>(context: RequestContext, run: () => T): T {
  const running = storage.getStore();
  const isWithin = running === context || (running instanceof LoaderRun && running.req === context.req);
  return isWithin ? run() : storage.run(context, run);
}

/** @throws LatchkeyError inside of a loader of this request, where waiting for the user would never end */
export function assertOutsideLoader({ req }: Pick<RequestContext, "req">): void {
  const running = storage.getStore();
  if (!(running instanceof LoaderRun) || running.isOver || running.req !== req) return;
  throw new LatchkeyError(
    "inside_loader",
    500,
    "a loader asked for the current user, or called a verb, while it is loading",
  );
}

/** The context of the request that is being handled, if any; none once its response has ended. */
export function activeContext(): RequestContext | undefined {
  const context = contextHere();
  return context?.hasEnded ? undefined : context;
}

/**
 * The context of the request that is being handled, for a caller without a request.
 *
 * @throws RequestEndedError once its response has ended
 * @throws MiddlewareMissingError outside of a request
 */
export function currentContext(): RequestContext {
  assertNotEnded("currentUser(req)");
  const context = contextHere();
  if (context) return context;
  if (copiesBeside(copy).some((other) => other.isServing())) throw secondCopy("the request that is being handled");
  throw new MiddlewareMissingError(
    "currentUser() was called outside of a request, or before login.init(app) or login.middleware()",
  );
}

/**
 * @param form how to call it with the request
 * @throws RequestEndedError once the response of the request that is being handled has ended
 */
export function assertNotEnded(form: string): void {
  if (contextHere()?.hasEnded) throw new RequestEndedError(form);
}

function contextHere(): RequestContext | undefined {
  const running = storage.getStore();
  return running instanceof LoaderRun ? running.within : running;
}

/** The context of a request, if it passed the middleware of a manager. */
export function contextIn(req: Request): RequestContext | undefined {
  return contexts.get(req);
}

/** Did the request pass the middleware of any manager? */
export function isUnderManager(req: Request): boolean {
  return contexts.get(req) !== undefined;
}

/** The context of a request under this very manager, if it passed its middleware. */
export function knownContext(req: Request, core: Core): RequestContext | undefined {
  return contexts.get(req, core);
}

/** @throws MiddlewareMissingError when the request did not pass the middleware, or LatchkeyError when it passed another copy's */
export function contextOf(req: Request): RequestContext {
  const context = contexts.get(req);
  if (context) return context;
  if (isOfAnotherCopy(req)) throw secondCopy("this request");
  throw new MiddlewareMissingError(
    "this request did not pass login.init(app) or login.middleware(); mount it before the routes",
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
