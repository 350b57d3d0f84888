import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";

type Channel = TracingChannel<unknown, object>;

/**
 * The tracing channels of Node's `diagnostics_channel`, which cost nothing without a subscriber:
 * `tracing:latchkey:load:*` for loading the user of a request, with `req`, and `tracing:latchkey:store:*` for each call
 * to a store, with `operation`.
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
