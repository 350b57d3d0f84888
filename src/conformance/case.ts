import { randomUUID } from "node:crypto";
import type { SessionRecord, SessionStore } from "../session-store.js";

/** One sentence of the contract, to be run by any test runner. */
export interface StoreCase {
  name: string;
  /** Rejects when the store does not keep the sentence. */
  run(): Promise<void>;
}

/** Adds a case to the suite. */
export type AddCase = (name: string, run: (store: SessionStore) => Promise<void>) => void;

export const HOUR = 3_600_000;

/** An id that no other case uses, for a session or a user. */
export function newId(): string {
  return randomUUID().replaceAll("-", "");
}

/** A record that lives for an hour. */
export function newRecord(parts: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  return { userId: null, data: {}, createdAt: now, lastSeenAt: now, expiresAt: now + HOUR, ...parts };
}

/** Makes so many calls at once, and waits for all. */
export function together<T>(count: number, call: (i: number) => Promise<T>): Promise<Array<PromiseSettledResult<T>>> {
  return Promise.allSettled(Array.from({ length: count }, (_, i) => call(i)));
}

/** Runs a piece of a case at another time of day. */
export async function at(instant: number, run: () => Promise<void>): Promise<void> {
  const { now } = Date;
  Date.now = () => instant;
  try {
    await run();
  } finally {
    Date.now = now;
  }
}

/** Runs a piece of a case so many milliseconds from now. */
export function atLater(milliseconds: number, run: () => Promise<void>): Promise<void> {
  return at(Date.now() + milliseconds, run);
}
