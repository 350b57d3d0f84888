import type { StoreUrl } from "./url.js";

/** How long `openStore` waits for the server, in milliseconds. */
export const OPEN_TIMEOUT = 10_000;

interface DriverError extends Error {
  code?: unknown;
  /** If a host has several addresses, Node's error has no message. It has one error per address in this property. */
  errors?: Error[];
  /** In ioredis, the last error from a server of a Cluster. */
  lastNodeError?: Error;
}

/**
 * Returns the error for a store that could not be opened. It has only the message and the code of the driver's error.
 * Other properties may contain the password: for example, ioredis adds the failed command, which may be AUTH.
 */
export function openingError(error: unknown, { scheme, password }: StoreUrl): Error {
  const { message, code, errors = [], lastNodeError } = (error ?? {}) as DriverError;
  const reasons = [message, lastNodeError?.message, ...errors.map((one) => one.message)].filter(Boolean);
  const reason = without(reasons.join("; ") || String(code ?? error), password);
  const told = new Error(`cannot open the store, whose URL starts with "${scheme}": ${reason}`);
  return Object.assign(told, code === undefined ? {} : { code });
}

function without(reason: string, password: string | undefined): string {
  if (!password) return reason;
  return reason.replaceAll(password, "***").replaceAll(encodeURIComponent(password), "***");
}
