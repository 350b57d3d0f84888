import { randomUUID } from "node:crypto";
import type { SessionStore } from "../../store/session-store.js";

/** One sentence of the contract, to be run by any test runner. */
export interface StoreCase {
  name: string;
  /** Rejects when the store does not keep the sentence. */
  run(): Promise<void>;
}

/** Adds a case to the suite. */
export type AddCase<S = SessionStore> = (name: string, run: (store: S) => Promise<void>) => void;

/** A suite that is empty yet, and what adds a case to it; each opens the store anew. */
export function newSuite<S>(open: () => S | Promise<S>): { cases: StoreCase[]; add: AddCase<S> } {
  const cases: StoreCase[] = [];
  return { cases, add: (name, run) => void cases.push({ name, run: async () => run(await open()) }) };
}

export const HOUR = 3_600_000;

/** An id that no other case uses, for a record or a user. */
export function newId(): string {
  return randomUUID().replaceAll("-", "");
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
