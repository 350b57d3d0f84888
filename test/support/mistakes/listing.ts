import type { SessionRecord } from "latchkey";
import type { PlainStore } from "../plain-store.js";
import { later, listing, type Mistake } from "./mistake.js";

/** Mistakes in how the records of a user are found. */
export const mistakenListing: Record<string, Mistake> = {
  "listByUser lists every kind": [
    finding(({ userId }, user) => userId === user),
    [
      "listByUser returns a user's",
      "listByUser returns each",
      "a record with the id",
      "destroyByUser ends",
      "kinds are",
    ],
  ],
  "listByUser lists every user": [
    finding((record, _, kind) => record.kind === kind),
    [
      "listByUser returns a user's",
      "listByUser returns no next page",
      "listByUser returns each",
      "listByUser continues",
      "a record that was updated",
      "a record with the id",
      "destroyByUser ends",
      "user ids are",
      "kinds are",
      "rejects invalid user ids",
      "20 concurrent creates",
      "concurrent destroyByUser",
      "a backend's own expiry",
    ],
  ],
  "listByUser lists expired records": [
    (plain) => ({
      async listByUser(userId, options) {
        const page = await plain.listByUser(userId, options);
        const expired = plain.expired().map((id) => ({ id, ...plain.records.get(id)! }));
        const records = expired.filter((record) => record.userId === userId && record.kind === options.kind);
        return { ...page, records: [...page.records, ...records] };
      },
    }),
    ["listByUser returns a user's", "destroyByUser ends", "a backend's own expiry"],
  ],
  "listByUser returns records without data": [
    listing((page) => ({ records: page.records.map((record) => ({ ...record, data: {} })) })),
    ["listByUser returns a user's", "a record that was updated"],
  ],
  "listByUser reads the ids first and the records later": [
    (plain) => ({
      async listByUser(userId, options) {
        const page = await plain.listByUser(userId, options);
        await later();
        return { ...page, records: page.records.filter(({ id }) => plain.find(id)) };
      },
    }),
    ["listByUser always finds a record while new"],
  ],
  "concurrent creates overwrite the index": [
    indexed((plain, index) => ({
      async create(id, record) {
        const before = [...index];
        await plain.create(id, record);
        index.clear();
        for (const other of [...before, id]) index.add(other);
      },
    })),
    ["20 concurrent creates"],
  ],
  "the index misses an entry during an update": [
    indexed((plain, index) => ({
      async update(id, update) {
        index.delete(id);
        await later();
        index.add(id);
        return plain.update(id, update);
      },
    })),
    ["listByUser always finds a record while it", "concurrent destroyByUser"],
  ],
  "the index misses an entry after an update": [
    indexed((plain, index) => ({
      replace(id, record, update) {
        plain.replace(id, record, update);
        index.delete(id);
      },
    })),
    ["a record that was updated", "concurrent destroyByUser", "a backend's own expiry"],
  ],
  "the index misses an entry after an update that fails": [
    indexed((plain, index) => ({
      async update(id, update) {
        const isUpdated = await plain.update(id, update);
        if (!isUpdated) index.delete(id);
        return isUpdated;
      },
    })),
    ["a record that was updated"],
  ],
  "the index misses an entry during a touch": [
    indexed((plain, index) => ({
      async touch(id, times) {
        index.delete(id);
        await later();
        index.add(id);
        return plain.touch(id, times);
      },
    })),
    ["listByUser always finds a record while it", "concurrent destroyByUser"],
  ],
  "the index misses an entry after a touch": [
    indexed((plain, index) => ({
      move(id, record, times) {
        plain.move(id, record, times);
        index.delete(id);
      },
    })),
    ["a record that was updated", "concurrent destroyByUser", "a backend's own expiry"],
  ],
  "the index has only sessions and remembered browsers": [
    finding(
      ({ userId, kind }, user, wanted) => userId === user && kind === wanted && ["session", "browser"].includes(kind),
    ),
    ["a record that was updated", "kinds are"],
  ],
  "the index uses the original expiry after an update or touch": [
    (plain) => {
      const ends = new Map<string, number>();
      return {
        insert(id, record) {
          plain.insert(id, record);
          ends.set(id, record.expiresAt);
        },
        idsOf: (userId, kind) => plain.idsOf(userId, kind).filter((id) => ends.get(id)! > Date.now()),
      };
    },
    ["a record that was updated", "a backend's own expiry"],
  ],
  "the index has the original data after an update": [
    (plain) => {
      const made = new Map<string, SessionRecord>();
      return {
        insert(id, record) {
          plain.insert(id, record);
          made.set(id, structuredClone(record));
        },
        async listByUser(userId, options) {
          const page = await plain.listByUser(userId, options);
          return { ...page, records: page.records.map((record) => ({ ...record, data: made.get(record.id)!.data })) };
        },
      };
    },
    ["a record that was updated"],
  ],
  "the index lists a new record also for the user and kind of the previous record with its id": [
    (plain) => {
      const made: Array<[id: string, record: SessionRecord]> = [];
      return {
        insert(id, record) {
          plain.insert(id, record);
          made.push([id, structuredClone(record)]);
        },
        idsOf(userId, kind) {
          const earlier = made.filter(
            ([id, record]) => record.userId === userId && record.kind === kind && plain.find(id),
          );
          return [...new Set([...plain.idsOf(userId, kind), ...earlier.map(([id]) => id)])].sort();
        },
      };
    },
    ["a record with the id"],
  ],
  "the index does not list a record if an earlier record with its id had another user": [
    (plain) => {
      const users = new Map<string, string | null>();
      return {
        insert(id, record) {
          plain.insert(id, record);
          if (!users.has(id)) users.set(id, record.userId);
        },
        idsOf: (userId, kind) => plain.idsOf(userId, kind).filter((id) => users.get(id) === userId),
      };
    },
    ["a record with the id"],
  ],
  "listByUser compares kinds without their case": [
    finding(({ userId, kind }, user, wanted) => userId === user && kind.toLowerCase() === wanted.toLowerCase()),
    ["kinds are"],
  ],
  "listByUser treats the kind as a prefix": [
    finding(({ userId, kind }, user, wanted) => userId === user && kind.startsWith(wanted)),
    ["kinds are"],
  ],
  "user ids are compared without accents and case": [
    finding(
      matching((userId, wanted) => new Intl.Collator("en", { sensitivity: "base" }).compare(userId, wanted) === 0),
    ),
    ["user ids are"],
  ],
  "user ids are compared without spaces at the end": [
    finding(matching((userId, wanted) => userId.trimEnd() === wanted.trimEnd())),
    ["user ids are"],
  ],
  "user ids are compared as numbers": [
    finding(
      matching((userId, wanted) => userId === wanted || (/^[\d.]+$/.test(userId) && Number(userId) === Number(wanted))),
    ),
    ["user ids are"],
  ],
  "user ids are normalized before they are compared": [
    finding(matching((userId, wanted) => userId.normalize() === wanted.normalize())),
    ["user ids are"],
  ],
  "user ids are compared by their first 255 bytes": [
    finding(
      matching((userId, wanted) => Buffer.from(userId).subarray(0, 255).equals(Buffer.from(wanted).subarray(0, 255))),
    ),
    ["user ids are"],
  ],
  "* is a wildcard in user ids": [finding(matching(wildcards({ "*": ".*" }))), ["user ids are"]],
  "? is a wildcard in user ids": [finding(matching(wildcards({ "?": "." }))), ["user ids are"]],
  "% is a wildcard in user ids": [finding(matching(wildcards({ "%": ".*" }))), ["user ids are"]],
  "_ is a wildcard in user ids": [finding(matching(wildcards({ _: "." }))), ["user ids are"]],
  "[] is a wildcard in user ids": [finding(matching(wildcards({ "[": "[", "]": "]" }))), ["user ids are"]],
  "user ids are compared only up to a colon": [
    finding(matching((userId, wanted) => userId.split(":")[0] === wanted.split(":")[0])),
    ["user ids are"],
  ],
  "destroyByUser compares kinds without their case": [
    ending((record, userId, kind) => record.userId === userId && record.kind.toLowerCase() === kind.toLowerCase()),
    ["kinds are"],
  ],
  "destroyByUser treats [] as a wildcard": [ending(matching(wildcards({ "[": "[", "]": "]" }))), ["user ids are"]],
  "destroyByUser treats * as a wildcard": [ending(matching(wildcards({ "*": ".*" }))), ["user ids are"]],
  "destroyByUser treats _ as a wildcard": [ending(matching(wildcards({ _: "." }))), ["user ids are"]],
};

type Filter = (record: SessionRecord, userId: string, kind: string) => boolean;
type Matches = (userId: string, wanted: string) => boolean;

/** Finds the records that a filter accepts. */
function finding(isFound: Filter): Mistake[0] {
  return (plain) => ({
    idsOf(userId, kind) {
      const isListed = (id: string) => plain.find(id) !== undefined && isFound(plain.find(id)!, userId, kind);
      return [...plain.records.keys()].filter(isListed).sort();
    },
  });
}

/** Accepts the records of all users whose ids match. */
function matching(matches: Matches): Filter {
  return (record, userId, kind) => record.kind === kind && record.userId !== null && matches(record.userId, userId);
}

/** destroyByUser also deletes the records that a filter accepts, but listByUser does not list them. */
function ending(isEnded: Filter): Mistake[0] {
  return (plain) => {
    const { idsOf } = finding(isEnded)(plain);
    return {
      async destroyByUser(userId, options) {
        const { ended, more } = await plain.destroyByUser(userId, options);
        const own = plain.idsOf(userId, options.kind);
        const others = idsOf!(userId, options.kind).filter((id) => !own.includes(id));
        for (const id of others) plain.records.delete(id);
        return { ended: ended + others.length, more };
      },
    };
  };
}

/** Compares user ids by a pattern. `meanings` has the regular expression for each special character. */
function wildcards(meanings: Record<string, string>): Matches {
  return (userId, wanted) => {
    const pattern = [...wanted].map((char) => meanings[char] ?? char.replace(/[\\^$.*+?()[\]{}|]/, "\\$&"));
    return new RegExp(`^${pattern.join("")}$`, "su").test(userId);
  };
}

/** A store with an index of the ids that it lists, and a mistake in that index. */
function indexed(change: (plain: PlainStore, index: Set<string>) => Partial<PlainStore>): Mistake[0] {
  return (plain) => {
    const index = new Set<string>();
    return {
      insert(id, record) {
        plain.insert(id, record);
        index.add(id);
      },
      idsOf: (userId, kind) => plain.idsOf(userId, kind).filter((id) => index.has(id)),
      ...change(plain, index),
    };
  };
}
