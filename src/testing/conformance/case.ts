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

/** Returns an empty suite and a function that adds a case to it. Each case opens the store again. */
export function newSuite(open: () => SessionStore | Promise<SessionStore>): { cases: StoreCase[]; add: AddCase } {
  const cases: StoreCase[] = [];
  return { cases, add: (name, run) => void cases.push({ name, run: async () => run(await open()) }) };
}

export const HOUR = 3_600_000;

/** The kinds that the cases use: two of latchkey, and an unknown one of the maximum length. */
export const KINDS = ["session", "browser", "a-kind-that-a-later-version-adds"] as const;

/** A session of an anonymous visitor that lives for an hour. */
export function newRecord(parts: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + HOUR };
  return { kind: "session", userId: null, data: {}, ...times, revision: 0, ...parts };
}

/** An id that no other case uses, for a record or a user. */
export function newId(): string {
  return randomUUID().replaceAll("-", "");
}

/** The ids of a user's records of a kind, from all pages, in alphabetical order. */
export async function listed(store: SessionStore, userId: string, kind = "session", limit = 100): Promise<string[]> {
  const ids: string[] = [];
  for await (const { records } of pagesOf(store, userId, kind, limit)) ids.push(...records.map(({ id }) => id));
  return ids.sort();
}

/** The most pages that a list of the suite can have, even if most of them are empty. */
const MAX_PAGES = 1000;

/** The pages of a user's records of a kind. */
export async function* pagesOf(
  store: SessionStore,
  userId: string,
  kind: string,
  limit: number,
): AsyncGenerator<RecordPage> {
  let pages = 0;
  for (let after: string | null | undefined; after !== null; ) {
    assert.ok(pages++ < MAX_PAGES, `the list has no end: ${MAX_PAGES} pages, and there is a next one`);
    const page = await store.listByUser(userId, { kind, limit, after });
    yield page;
    after = page.next;
  }
}

/** Makes this many calls at once, and waits for all of them. */
export function together<T>(count: number, call: (i: number) => Promise<T>): Promise<Array<PromiseSettledResult<T>>> {
  return Promise.allSettled(Array.from({ length: count }, (_, i) => call(i)));
}

/** Runs a part of a case at another time. */
export async function at(instant: number, run: () => Promise<void>): Promise<void> {
  const { now } = Date;
  Date.now = () => instant;
  try {
    await run();
  } finally {
    Date.now = now;
  }
}

/** Runs a part of a case this many milliseconds from now. */
export function atLater(milliseconds: number, run: () => Promise<void>): Promise<void> {
  return at(Date.now() + milliseconds, run);
}
