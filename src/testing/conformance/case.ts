import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { RecordPage, SessionRecord, SessionStore } from "../../store/session-store.js";

/** A test of one rule of the contract, for any test runner. */
export interface StoreCase {
  name: string;
  /** Rejects if the store breaks the rule. */
  run(): Promise<void>;
}

/** Adds a case to the suite. */
export type AddCase = (name: string, run: (store: SessionStore) => Promise<void>) => void;

/** Returns an empty suite and a function that adds a case to it. Each case calls `open`. */
export function newSuite(open: () => SessionStore | Promise<SessionStore>): { cases: StoreCase[]; add: AddCase } {
  const cases: StoreCase[] = [];
  return { cases, add: (name, run) => void cases.push({ name, run: async () => run(await open()) }) };
}

export const HOUR = 3_600_000;

/** The kinds that the cases use: two kinds of latchkey, and an unknown kind of the maximum length. */
export const KINDS = ["session", "browser", "a-kind-that-a-later-version-adds"] as const;

/** Returns the record of an anonymous visitor's session that expires in an hour. */
export function newRecord(parts: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + HOUR };
  return { kind: "session", userId: null, data: {}, ...times, revision: 0, ...parts };
}

/** Returns an id for a record or a user. No other case uses it. */
export function newId(): string {
  return randomUUID().replaceAll("-", "");
}

/** Returns the ids of a user's records of one kind, from all pages, in alphabetical order. */
export async function listed(store: SessionStore, userId: string, kind = "session", limit = 100): Promise<string[]> {
  const ids: string[] = [];
  for await (const { records } of pagesOf(store, userId, kind, limit)) ids.push(...records.map(({ id }) => id));
  return ids.sort();
}

/** No list of the suite has more pages than this, even if most of the pages are empty. */
const MAX_PAGES = 1000;

/** Yields the pages of a user's records of one kind. */
export async function* pagesOf(
  store: SessionStore,
  userId: string,
  kind: string,
  limit: number,
): AsyncGenerator<RecordPage> {
  let pages = 0;
  for (let after: string | null | undefined; after !== null; ) {
    assert.ok(pages++ < MAX_PAGES, `the list does not end: there is a next page after ${MAX_PAGES} pages`);
    const page = await store.listByUser(userId, { kind, limit, after });
    yield page;
    after = page.next;
  }
}

/** Makes this many calls at once, and waits for all of them. */
export function together<T>(count: number, call: (i: number) => Promise<T>): Promise<Array<PromiseSettledResult<T>>> {
  return Promise.allSettled(Array.from({ length: count }, (_, i) => call(i)));
}

/** Runs a part of a case while `Date.now` returns this timestamp. */
export async function at(instant: number, run: () => Promise<void>): Promise<void> {
  const { now } = Date;
  Date.now = () => instant;
  try {
    await run();
  } finally {
    Date.now = now;
  }
}

/** Runs a part of a case while `Date.now` returns a timestamp this many milliseconds in the future. */
export function atLater(milliseconds: number, run: () => Promise<void>): Promise<void> {
  return at(Date.now() + milliseconds, run);
}
