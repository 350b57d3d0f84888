import { AsyncLocalStorage } from "node:async_hooks";
import type { Request } from "express";
import type { Core } from "../core.js";
import { LatchkeyError, MiddlewareMissingError, RequestEndedError } from "../errors.js";
import { isOfAnotherCopy } from "../http/request-slot.js";
import { forRequest } from "../trace.js";
import { contextIn, contextOf, noteContext, type RequestContext } from "./request-context.js";
import { type Copy, copiesBeside, hasCopiesBeside, noteCopy, secondCopy } from "./second-copy.js";

/**
 * One call of a loader for a request. If the loader opens a connection, callbacks of the connection still run in this
 * context after the loader has returned.
 */
class LoaderRun {
  isOver = false;
  /** The other managers whose user of this request the loader has asked for. */
  asked: Set<Core> | undefined;

  constructor(
    readonly core: Core,
    readonly req: Request,
    readonly within: RequestContext | undefined,
  ) {}
}

const storage = new AsyncLocalStorage<RequestContext | LoaderRun>();
/** The runs that have asked for the user of another manager, by request. */
const asking = new WeakMap<Request, Set<LoaderRun>>();
const copy: Copy = { isServing: () => storage.getStore() !== undefined };

/** Registers this copy of the package, so that other copies know that it is in use. */
export function noteThisCopy(): void {
  noteCopy(copy);
}

/** Is the request, or its session, handled by another copy of this package? */
export function isUnderAnotherCopy(req: Request): boolean {
  return hasCopiesBeside() && isOfAnotherCopy(req);
}

/**
 * Runs `next`, and everything that it starts, in the context of the request under its first manager.
 *
 * Body parsers listen to events of the request, which Node.js emits in the context of the connection. Here, the events
 * are emitted in the context of the request. Otherwise, the context would be lost after a body parser such as multer.
 */
export function enterContext(context: RequestContext, next: () => void): void {
  const { req } = context;
  noteContext(context);
  if (context.first !== context) {
    runWithin(context, next);
    return;
  }
  if (req.headers["content-length"] !== undefined || req.headers["transfer-encoding"] !== undefined) {
    const { emit } = req;
    req.emit = (...args: Parameters<typeof emit>) => runIn(context, () => emit.apply(req, args));
  }
  runIn(context, next);
}

function runIn<T>(context: RequestContext, run: () => T): T {
  return forRequest(context.req, () => storage.run(context, run));
}

/**
 * Runs a loader, passes the loaded value to `check`, and returns the result of `check`. Returns a promise only if the
 * loader does. The loader may wait for anything except the user that it is loading.
 */
export function runLoader<A extends unknown[], R>(
  core: Core,
  req: Request,
  load: (...args: A) => unknown,
  args: A,
  check: (loaded: unknown) => R,
): R | Promise<R> {
  const run = new LoaderRun(core, req, contextIn(req));
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

/** Awaits the loader's result inside the run, because a query builder starts its query only when it is awaited. */
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
 * Runs a function in the context of this request. The current context may belong to another request, for example in a
 * callback of a connection pool.
 */
export function runWithin<T>({ first }: RequestContext, run: () => T): T {
  const running = storage.getStore();
  const isWithin = running === first || (running instanceof LoaderRun && running.req === first.req);
  return isWithin ? run() : runIn(first, run);
}

/**
 * @throws LatchkeyError inside a loader of this request, because waiting for the user there would never end. The same
 * applies to a loader of another manager for which a loader of this manager waits
 */
export function assertOutsideLoader({ core, req }: Pick<RequestContext, "core" | "req">): void {
  const running = storage.getStore();
  if (!(running instanceof LoaderRun) || running.isOver || running.req !== req) return;
  if (running.core === core) {
    throw insideLoader("a loader called currentUser(), or another function that needs the user that is being loaded");
  }
  if (waits(req, core, running.core)) {
    throw insideLoader("the loaders of two LoginManagers wait for each other: each needs the user of the other");
  }
  running.asked ??= new Set();
  running.asked.add(core);
  asking.set(req, (asking.get(req) ?? new Set()).add(running));
}

/** Does a running loader of this manager wait, directly or not, for the user of another manager? */
function waits(req: Request, core: Core, other: Core): boolean {
  for (const run of asking.get(req) ?? []) {
    if (run.isOver || run.core !== core) continue;
    for (const asked of run.asked ?? []) if (asked === other || waits(req, asked, other)) return true;
  }
  return false;
}

function insideLoader(problem: string): LatchkeyError {
  return new LatchkeyError("inside_loader", 500, problem);
}

/** The context of the current request; undefined outside of a request, and after the response has ended. */
export function activeContext(): RequestContext | undefined {
  const context = contextHere();
  return context?.hasEnded ? undefined : context;
}

/** Returns the context of a request under this manager; without a request, the context of the current request. */
export function contextFor(req: Request | undefined, core: Core | undefined, form: string): RequestContext {
  return req ? contextOf(req, core) : currentContext(form, core);
}

/**
 * Returns the context of the current request, for a caller that was not given the request.
 *
 * @param form as with `assertNotEnded`
 * @param core as with `contextOf`
 * @throws RequestEndedError if the response has ended
 * @throws MiddlewareMissingError outside of a request
 */
function currentContext(form: string, core: Core | undefined): RequestContext {
  assertNotEnded(form);
  const context = contextHere();
  if (context) return contextOf(context.req, core);
  if (copiesBeside(copy).some((other) => other.isServing())) throw secondCopy("the request that is being handled");
  throw new MiddlewareMissingError(
    `${form.replace("req", "")} was called outside of a request, or before login.init(app) or login.middleware()`,
  );
}

/**
 * @param form how to call the function with the request; the error suggests this form
 * @throws RequestEndedError if the response of the current request has ended
 */
export function assertNotEnded(form: string): void {
  if (contextHere()?.hasEnded) throw new RequestEndedError(form);
}

function contextHere(): RequestContext | undefined {
  const running = storage.getStore();
  return running instanceof LoaderRun ? running.within : running;
}
