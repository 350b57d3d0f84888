import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";

type Channel = TracingChannel<unknown, object>;

/**
 * What Node's `diagnostics_channel` is told, at no cost while nobody listens: `tracing:latchkey:load:*` of the loading of a request's
 * user, with `req`, and `tracing:latchkey:store:*` of each call to a store, with `operation`.
 */
const channels: Record<"load" | "store", Channel> = {
  load: tracingChannel<unknown, object>("latchkey:load"),
  store: tracingChannel<unknown, object>("latchkey:store"),
};

/** Runs a piece of work, and tells those who listen to its channel of its start, end and failure. */
export function traced<T>(channel: "load" | "store", context: object, run: () => Promise<T>): Promise<T> {
  const tracing = channels[channel];
  return tracing.hasSubscribers ? tracing.tracePromise(run, context) : run();
}
