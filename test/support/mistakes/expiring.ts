import type { SessionRecord } from "latchkey";
import type { PlainStore } from "../plain-store.js";
import type { Mistake } from "./mistake.js";

/** Mistakes in prune, and in the expiry of a backend that deletes records by its own clock. */
export const mistakenExpiring: Record<string, Mistake> = {
  "only create sets the backend's expiry": [removing({ update: false, touch: false }), ["a backend's own expiry"]],
  "touch does not move the backend's expiry": [removing({ touch: false }), ["a backend's own expiry"]],
  "update does not move the backend's expiry": [removing({ update: false }), ["a backend's own expiry"]],
  "touch moves the backend's expiry back": [removing({ touch: "back" }), ["a backend's own expiry"]],
  "the backend's expiry is in whole seconds": [
    removing({}, (left) => Math.floor(left / 1000) * 1000),
    ["a record that expires in"],
  ],
  "the backend deletes a record at once if it expires in 2^31 ms or later": [
    removing({}, (left) => (left < 2 ** 31 ? left : 1)),
    ["stores times"],
  ],
  "a user's index expires with the first record": [expiringIndex({}, (first) => first), ["a backend's own expiry"]],
  "a user's index expires with the record that was written last": [
    expiringIndex({}, (_, last) => last),
    ["a backend's own expiry"],
  ],
  "touch does not move the expiry of a user's index": [
    expiringIndex({ touch: false }, Math.max),
    ["a backend's own expiry"],
  ],
  "update does not move the expiry of a user's index": [
    expiringIndex({ update: false }, Math.max),
    ["a backend's own expiry"],
  ],
  "prune removes live records": [
    ({ records }) => ({
      async prune() {
        const { size } = records;
        records.clear();
        return size;
      },
    }),
    ["prune removes only", "8 concurrent prunes"],
  ],
  "prune ignores the limit": [(plain) => ({ prune: () => plain.prune() }), ["prune removes only"]],
  "prune treats a limit of 0 as no limit": [
    (plain) => ({
      prune: async ({ limit } = {}) => plain.prune(limit ? { limit } : {}),
    }),
    ["prune removes only"],
  ],
  "prune removes one record more than the limit": [
    (plain) => ({
      prune: async ({ limit = Number.POSITIVE_INFINITY } = {}) => plain.prune({ limit: limit && limit + 1 }),
    }),
    ["prune removes only"],
  ],
  "prune counts each record twice": [
    (plain) => ({ prune: async (options) => 2 * (await plain.prune(options)) }),
    ["prune removes only", "8 concurrent prunes"],
  ],
  "prune counts records that another call removed": [
    (plain) => ({
      async prune({ limit = Number.POSITIVE_INFINITY } = {}) {
        const expired = plain.expired().slice(0, limit);
        await Promise.resolve();
        for (const id of expired) plain.records.delete(id);
        return expired.length;
      },
    }),
    ["8 concurrent prunes"],
  ],
  "prune removes only sessions": [pruning(({ kind }) => kind === "session"), ["8 concurrent prunes"]],
  "prune removes only the records of users": [pruning(({ userId }) => userId !== null), ["8 concurrent prunes"]],
};

/** Do update and touch move the backend's expiry? With "back", touch can also move it to an earlier time. */
interface Moves {
  update?: boolean;
  touch?: boolean | "back";
}

/** A backend that removes expired records by its own clock. */
function removing(moves: Moves, lifetime: (left: number) => number = (left) => left): Mistake[0] {
  return (plain) => {
    const ends = new Map<string, number>();
    return {
      ...timing(plain, moves, (id, expiresAt) => void ends.set(id, ownInstant(lifetime(expiresAt - Date.now())))),
      find: (id) => (isPast(ends.get(id)) ? undefined : plain.find(id)),
    };
  };
}

/** A backend that removes the index of a user by its own clock. */
function expiringIndex(moves: Moves, joined: (before: number, next: number) => number): Mistake[0] {
  return (plain) => {
    const ends = new Map<string, number>();
    const set = (id: string, expiresAt: number) => {
      const { userId } = plain.records.get(id)!;
      const next = ownInstant(expiresAt - Date.now());
      if (userId !== null) ends.set(userId, joined(ends.get(userId) ?? next, next));
    };
    return {
      ...timing(plain, moves, set),
      idsOf: (userId, kind) => (isPast(ends.get(userId)) ? [] : plain.idsOf(userId, kind)),
    };
  };
}

/** Writes a record, and then sets the backend's expiry. */
function timing(
  plain: PlainStore,
  { update: isMovedByUpdate = true, touch: isMovedByTouch = true }: Moves,
  set: (id: string, expiresAt: number) => void,
): Partial<PlainStore> {
  return {
    insert(id, record) {
      plain.insert(id, record);
      set(id, record.expiresAt);
    },
    replace(id, record, update) {
      plain.replace(id, record, update);
      if (isMovedByUpdate) set(id, update.expiresAt);
    },
    move(id, record, times) {
      plain.move(id, record, times);
      if (isMovedByTouch) set(id, isMovedByTouch === "back" ? times.expiresAt : plain.records.get(id)!.expiresAt);
    },
  };
}

/** A time on a clock that the suite cannot change. */
function ownInstant(fromNow: number): number {
  return performance.now() + fromNow;
}

function isPast(instant = Number.POSITIVE_INFINITY): boolean {
  return performance.now() >= instant;
}

/** Removes only some of the expired records. */
function pruning(isRemoved: (record: SessionRecord) => boolean): Mistake[0] {
  return (plain) => ({
    expired: () => plain.expired().filter((id) => isRemoved(plain.records.get(id)!)),
  });
}
