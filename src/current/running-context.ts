import { AsyncLocalStorage } from "node:async_hooks";
import type { Request } from "express";
import { LatchkeyError, MiddlewareMissingError, RequestEndedError } from "../errors.js";
import { isOfAnotherCopy } from "../http/request-slot.js";
import { contextIn, noteContext, type RequestContext } from "./request-context.js";
import { type Copy, copiesBeside, hasCopiesBeside, noteCopy, secondCopy } from "./second-copy.js";

/**
 * A run of a loader for a request. Callbacks of a connection that it opened still run in this context after the loader
 * has returned.
 */
class LoaderRun {
  isOver = false;

  constructor(
    readonly req: Request,
    readonly within: RequestContext | undefined,
  ) {}
}

const storage = new AsyncLocalStorage<RequestContext | LoaderRun>();
const copy: Copy = { isServing: () => storage.getStore() !== undefined };

/** Registers this copy of the package, so that other copies can tell that it is in use. */
export function noteThisCopy(): void {
  noteCopy(copy);
}

/** Is the request, or its session, handled by another copy of this package? */
export function isUnderAnotherCopy(req: Request): boolean {
  return hasCopiesBeside() && isOfAnotherCopy(req);
}

/**
 * Runs the rest of a request in its context.
 *
 * Body parsers call back from the request's events, which Node.js emits in the connection's context. Here they are
 * emitted in the request's context; otherwise the context would be lost after multer.
 */
export function enterContext(context: RequestContext, next: () => void): void {
  const { req } = context;
  noteContext(context);
  if (req.headers["content-length"] !== undefined || req.headers["transfer-encoding"] !== undefined) {
    const { emit } = req;
    req.emit = (...args: Parameters<typeof emit>) => storage.run(context, () => emit.apply(req, args));
  }
  storage.run(context, next);
}

/**
 * Runs a loader and returns the result of `check`: without a promise if the loader returns none. The loader may wait
 * for anything except the user that it is loading.
 */
export function runLoader<A extends unknown[], R>(
  req: Request,
  load: (...args: A) => unknown,
  args: A,
  check: (loaded: unknown) => R,
): R | Promise<R> {
  const run = new LoaderRun(req, contextIn(req));
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

/** Awaits inside the run, because a query builder starts its query only when it is awaited. */
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

/**
 * Runs a function in a request's own context, even if a connection pool called back in the context of another request.
 */
export function runWithin<T>(context: RequestContext, run: () => T): T {
  const running = storage.getStore();
  const isWithin = running === context || (running instanceof LoaderRun && running.req === context.req);
  return isWithin ? run() : storage.run(context, run);
}

/** @throws LatchkeyError inside a loader of this request, where waiting for the user would never end */
export function assertOutsideLoader({ req }: Pick<RequestContext, "req">): void {
  const running = storage.getStore();
  if (!(running instanceof LoaderRun) || running.isOver || running.req !== req) return;
  throw new LatchkeyError(
    "inside_loader",
    500,
    "a loader asked for the user that it is loading, or called a function that needs this user",
  );
}

/** The context of the request that is being handled, if any; undefined once its response has ended. */
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
 * @param form the call with the request, to suggest in the error
 * @throws RequestEndedError once the response of the request that is being handled has ended
 */
export function assertNotEnded(form: string): void {
  if (contextHere()?.hasEnded) throw new RequestEndedError(form);
}

function contextHere(): RequestContext | undefined {
  const running = storage.getStore();
  return running instanceof LoaderRun ? running.within : running;
}
