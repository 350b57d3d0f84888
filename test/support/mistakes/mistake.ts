import {
  assertId,
  assertRecord,
  assertTimes,
  assertUpdate,
  type ListOptions,
  type RecordPage,
  type SessionRecord,
  type SessionStore,
  type SessionTimes,
  type SessionUpdate,
} from "latchkey";
import { type PlainStore, touched, updated } from "../plain-store.js";

/**
 * A mistake of a store, the beginnings of the names of the cases that detect it, and the `lacks` option of the suite.
 */
export type Mistake = [change: (plain: PlainStore) => Partial<PlainStore>, foundBy: string[], lacks?: Lacks];

type Lacks = NonNullable<SessionStore["lacks"]>;

/** Waits for the next turn of the event loop. */
export const later = () => new Promise(setImmediate);

/** A record that a store creates by mistake. */
export const MADE_UP = {
  ...{ kind: "session", userId: null, data: {}, revision: 0 },
  ...{ createdAt: 0, lastSeenAt: 0, expiresAt: 0 },
};

/** A mistake where update stores these parts instead of the correct ones. */
export function updating(
  change: (now: SessionRecord, before: SessionRecord, given: Partial<SessionRecord>) => Partial<SessionRecord>,
): Mistake[0] {
  return (plain) => ({
    replace(id, record, update) {
      const now = updated(record, update);
      plain.put(id, { ...now, ...change(now, record, update) });
    },
  });
}

/** A mistake where touch stores these parts instead of the correct ones. */
export function touching(
  change: (now: SessionRecord, before: SessionRecord, given: Partial<SessionRecord>) => Partial<SessionRecord>,
): Mistake[0] {
  return (plain) => ({
    move(id, record, times) {
      const now = touched(record, times);
      plain.put(id, { ...now, ...change(now, record, times) });
    },
  });
}

/** A mistake where every method stores these parts instead of the correct ones. */
export function keeping(change: (record: SessionRecord) => Partial<SessionRecord>): Mistake[0] {
  return (plain) => ({ put: (id, record) => plain.put(id, { ...record, ...change(record) }) });
}

/** A mistake where listByUser returns these parts of the page instead of the correct ones. */
export function listing(change: (page: RecordPage, options: ListOptions) => Partial<RecordPage>): Mistake[0] {
  return (plain) => ({
    async listByUser(userId, options) {
      const page = await plain.listByUser(userId, options);
      return { ...page, ...change(page, options) };
    },
  });
}

/** Checks the arguments of create. Mistakes call this first, so that only their own mistake is detected. */
export function checkCreate(id: string, record: SessionRecord): void {
  assertId("id", id);
  assertRecord(record);
}

/** Checks the arguments of update, like `checkCreate`. */
export function checkUpdate(id: string, update: SessionUpdate): void {
  assertId("id", id);
  assertUpdate(update);
}

/** Checks the arguments of touch, like `checkCreate`. */
export function checkTouch(id: string, times: SessionTimes): void {
  assertId("id", id);
  assertTimes(times);
}
