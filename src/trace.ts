import { AsyncLocalStorage } from "node:async_hooks";
import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import type { Request } from "express";

type Channel = TracingChannel<unknown, object>;

/** The context of the channels `tracing:latchkey:store:*`: one call to a store. */
export interface StoreCall {
  /** The name of the store's class, such as `"RedisStore"`. */
  store: string;
  /** The method of SessionStore. */
  operation: string;
  /** The request that is being handled; undefined if the call belongs to no request. */
  req?: Request | undefined;
  /**
   * Set when the call has settled: `"failed"` if the store failed or was too slow. A result such as "this id is taken"
   * is `"ok"`.
   */
  outcome?: "ok" | "failed";
  /** The error that the call rejected with. */
  error?: unknown;
}

/**
 * The tracing channels of Node's `diagnostics_channel`. They cost nothing without a subscriber.
 *
 * `tracing:latchkey:load:*` traces the loading of a request's user; its context has `req`. `tracing:latchkey:store:*`
 * traces each call to a store; its context is a StoreCall.
 */
const channels: Record<"load" | "store", Channel> = {
  load: tracingChannel<unknown, object>("latchkey:load"),
  store: tracingChannel<unknown, object>("latchkey:store"),
};

/** The request that is being handled. It is set only while somebody traces the calls to stores. */
const requests = new AsyncLocalStorage<Request>();

/** Runs some work, and publishes its start, end and failure on the channel. */
export function traced<T>(channel: "load" | "store", context: object, run: () => Promise<T>): Promise<T> {
  const tracing = channels[channel];
  return tracing.hasSubscribers ? tracing.tracePromise(run, context) : run();
}

/** Runs a call to a store, and publishes it with the request that is being handled. */
export function tracedCall<T>(call: StoreCall, run: () => Promise<T>): Promise<T> {
  if (!channels.store.hasSubscribers) return run();
  const req = requests.getStore();
  return traced("store", req ? Object.assign(call, { req }) : call, run);
}

/** Runs work for a request, so that the calls to the store which it makes are traced with this request. */
export function forRequest<T>(req: Request, run: () => T): T {
  return channels.store.hasSubscribers ? requests.run(req, run) : run();
}
