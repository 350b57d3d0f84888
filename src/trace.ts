import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";

type Channel = TracingChannel<unknown, object>;

/**
 * The tracing channels of Node's `diagnostics_channel`. They cost nothing without a subscriber.
 *
 * `tracing:latchkey:load:*` traces the loading of a request's user; its context has `req`. `tracing:latchkey:store:*`
 * traces each call to a store; its context has `operation`.
 */
const channels: Record<"load" | "store", Channel> = {
  load: tracingChannel<unknown, object>("latchkey:load"),
  store: tracingChannel<unknown, object>("latchkey:store"),
};

/** Runs some work, and publishes its start, end and failure on the channel. */
export function traced<T>(channel: "load" | "store", context: object, run: () => Promise<T>): Promise<T> {
  const tracing = channels[channel];
  return tracing.hasSubscribers ? tracing.tracePromise(run, context) : run();
}
