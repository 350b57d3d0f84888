import type { StoreUrl } from "./url.js";

/** How long opening a store waits for the server, in milliseconds. */
export const OPEN_TIMEOUT = 10_000;

interface DriverError extends Error {
  code?: unknown;
  /** Node gives an error without a message if a host has several addresses: one error for each of them. */
  errors?: Error[];
  /** What went wrong with a server of a Cluster, in ioredis. */
  lastNodeError?: Error;
}

/**
 * The error of a driver that could not open a store, with its message and its code only. Other properties may contain
 * the password: ioredis adds the command that failed, which may be AUTH.
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
