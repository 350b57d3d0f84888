import { type StoreCall, tracedCall } from "../trace.js";
import type { SessionStore } from "./session-store.js";

type Listener = (failure: { operation: string; error: Error }) => void;

const listeners = new WeakMap<SessionStore, Listener[]>();
/** The causes about which a store has already warned. */
const told = new WeakMap<SessionStore, Set<string>>();

/** The maximum number of characters of a driver's message in a warning. */
const LONGEST = 300;

/** Calls the listener each time a background task of the store fails. */
export function onUpkeepFailed(store: SessionStore, listener: Listener): void {
  listeners.set(store, [...(listeners.get(store) ?? []), listener]);
}

/**
 * Runs a prune that a store started itself. It is traced like a call to the store. A failure does not reject: it goes
 * to the listeners, and becomes a process warning named LatchkeyPruneWarning, once for each cause.
 */
export async function pruneUnasked(store: SessionStore, prune: () => Promise<number>): Promise<void> {
  const operation = "prune";
  const call: StoreCall = { store: store.constructor.name, operation };
  const settle = async () => {
    call.outcome = "failed";
    const pruned = await prune();
    call.outcome = "ok";
    return pruned;
  };
  try {
    await tracedCall(call, settle);
  } catch (error) {
    for (const listener of listeners.get(store) ?? []) listener({ operation, error: error as Error });
    warnOnce(store, error);
  }
}

function warnOnce(store: SessionStore, error: unknown): void {
  const { code, message } = deepestCause(error);
  const causes = told.get(store) ?? new Set();
  told.set(store, causes);
  const cause = String(code ?? message);
  if (causes.has(cause)) return;
  causes.add(cause);
  const reason = String(message ?? error).slice(0, LONGEST);
  process.emitWarning(
    `the session store could not remove expired records, so it grows: ${reason}. It tries again regularly, and ` +
      "reports more failures only with the event storeFailed",
    "LatchkeyPruneWarning",
  );
}

/** Query builders wrap the error of the driver, and their own message contains the whole statement. */
function deepestCause(error: unknown): { code?: unknown; message?: unknown } {
  let deepest = error as { cause?: unknown } | null | undefined;
  for (let depth = 0; depth < 10 && deepest?.cause instanceof Error; depth++) deepest = deepest.cause;
  return (deepest ?? {}) as { code?: unknown; message?: unknown };
}
