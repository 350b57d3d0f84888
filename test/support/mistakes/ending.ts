import { assertId, SessionExistsError, type SessionRecord } from "latchkey";
import { touched } from "../plain-store.js";
import { checkTouch, later, MADE_UP, type Mistake, touching } from "./mistake.js";

/** Mistakes in touch, destroy and destroyByUser. */
export const mistakenEnding: Record<string, Mistake> = {
  "touch moves the times back": [
    touching((_, __, given) => given),
    [
      "destroy returns the final",
      "touch moves",
      "touch never moves",
      "after concurrent touches",
      "a backend's own expiry",
    ],
  ],
  "touch does not change the expiry": [
    touching((_, { expiresAt }) => ({ expiresAt })),
    [
      "destroy returns the final",
      "touch moves",
      "touch never moves",
      "a touched record",
      "after concurrent touches",
      "a record that was updated",
      "a backend's own expiry",
    ],
  ],
  "touch does not change the last use": [
    touching((_, { lastSeenAt }) => ({ lastSeenAt })),
    ["touch moves", "touch never moves", "after concurrent touches"],
  ],
  "touch changes the last use only together with the expiry": [
    touching((now, before) => (now.expiresAt > before.expiresAt ? now : before)),
    ["touch never moves", "after concurrent touches"],
  ],
  "touch also writes the data": [
    touching((now, _, given) => ({ data: given.data ?? now.data })),
    ["destroy returns the final", "touch moves"],
  ],
  "touch raises the revision": [
    touching(({ revision }) => ({ revision: revision + 1 })),
    [
      "destroy returns the final",
      "touch does not change",
      "touch moves",
      "touch never moves",
      "after concurrent touches",
      "listByUser always finds a record while it",
    ],
  ],
  "touch creates a record that does not exist": [
    (plain) => ({
      async touch(id, times) {
        checkTouch(id, times);
        if (!plain.find(id)) plain.put(id, touched(MADE_UP, times));
        return plain.touch(id, times);
      },
    }),
    [
      "read, update, touch and destroy return",
      "update and touch do not bring",
      "no method finds",
      "ids are compared",
      "no update or touch brings a record",
      "no update or touch brings an expired",
      "concurrent destroyByUser",
    ],
  ],
  "touch ignores the expiry": [
    (plain) => ({
      async touch(id, times) {
        checkTouch(id, times);
        const found = plain.records.get(id);
        if (found) plain.put(id, touched(found, times));
        return found !== undefined;
      },
    }),
    ["no method finds", "no update or touch brings an expired"],
  ],
  "touch returns true when there is no record": [
    (plain) => ({
      async touch(id, times) {
        await plain.touch(id, times);
        return true;
      },
    }),
    [
      "read, update, touch and destroy return",
      "update and touch do not bring",
      "no method finds",
      "ids are compared",
      "no update or touch brings an expired",
    ],
  ],
  "touch returns false when neither time changes": [
    (plain) => ({
      async touch(id, times) {
        checkTouch(id, times);
        const before = plain.find(id);
        const isTouched = await plain.touch(id, times);
        return isTouched && (times.lastSeenAt > before!.lastSeenAt || times.expiresAt > before!.expiresAt);
      },
    }),
    ["touch never moves", "a backend's own expiry"],
  ],
  "touch reads first and writes later": [
    (plain) => ({
      async touch(id, times) {
        checkTouch(id, times);
        const found = await plain.read(id);
        if (!found) return false;
        await later();
        plain.put(id, touched(found, times));
        return true;
      },
    }),
    ["no update or touch brings a record", "after concurrent touches", "concurrent destroyByUser"],
  ],
  "destroy returns null": [
    (plain) => ({
      async destroy(id) {
        await plain.destroy(id);
        return null;
      },
    }),
    [
      "stores keys with any name",
      "stores times",
      "destroy returns the final",
      "update never changes",
      "any string can be",
      "exactly one of 20 concurrent destroys",
      "destroy returns the record with",
      "a backend's own expiry",
    ],
  ],
  "destroy returns true or false instead of the record": [
    (plain) => ({
      destroy: async (id) => ((await plain.destroy(id)) !== null) as never,
    }),
    [
      "stores keys with any name",
      "stores times",
      "read, update, touch and destroy return",
      "destroy returns the final",
      "update never changes",
      "no method finds",
      "ids are compared",
      "any string can be",
      "exactly one of 20 concurrent destroys",
      "destroy returns the record with",
      "no update or touch brings an expired",
    ],
  ],
  "destroy does nothing": [
    (plain) => ({
      destroy: (id) => plain.read(id),
    }),
    [
      "destroy returns the final",
      "update and touch do not bring",
      "an id can be used again",
      "exactly one of 20 concurrent destroys",
      "destroy returns the record with",
      "no update or touch brings a record",
      "listByUser returns a user's",
    ],
  ],
  "destroy reads first and deletes later": [
    (plain) => ({
      async destroy(id) {
        const found = await plain.read(id);
        await later();
        return found && (await plain.destroy(id)) && found;
      },
    }),
    ["destroy returns the record with"],
  ],
  "destroy returns the record to every concurrent caller": [
    (plain) => ({
      async destroy(id) {
        const found = await plain.read(id);
        await plain.destroy(id);
        return found;
      },
    }),
    ["exactly one of 20 concurrent destroys", "destroy returns the record with"],
  ],
  "destroy returns the record without its later updates": [
    (plain) => {
      const made = new Map<string, SessionRecord>();
      return {
        insert(id, record) {
          plain.insert(id, record);
          made.set(id, structuredClone(record));
        },
        destroy: async (id) => ((await plain.destroy(id)) ? made.get(id)! : null),
      };
    },
    ["stores times", "destroy returns the final", "update never changes", "destroy returns the record with"],
  ],
  "destroy returns expired records": [
    (plain) => ({
      async destroy(id) {
        assertId("id", id);
        const found = plain.records.get(id) ?? null;
        plain.records.delete(id);
        return found;
      },
    }),
    ["no method finds", "no update or touch brings an expired"],
  ],
  "destroy rejects when there is no record": [
    (plain) => ({
      async destroy(id) {
        const found = await plain.destroy(id);
        if (!found) throw new Error("no such record");
        return found;
      },
    }),
    [
      "read, update, touch and destroy return",
      "destroy returns the final",
      "no method finds",
      "ids are compared",
      "exactly one of 20 concurrent destroys",
      "no update or touch brings an expired",
    ],
  ],
  "destroy deletes the other records of the user": [
    (plain) => ({
      async destroy(id) {
        assertId("id", id);
        const { userId = "", kind = "" } = plain.find(id) ?? {};
        const others = plain.idsOf(userId ?? "", kind).filter((other) => other !== id);
        for (const other of others) plain.records.delete(other);
        return plain.destroy(id);
      },
    }),
    ["listByUser returns a user's", "listByUser continues"],
  ],
  "create rejects an id whose record was destroyed": [
    (plain) => {
      const marked = new Set<string>();
      return {
        async create(id, record) {
          if (marked.has(id)) throw new SessionExistsError();
          await plain.create(id, record);
        },
        async destroy(id) {
          const found = await plain.destroy(id);
          if (found) marked.add(id);
          return found;
        },
      };
    },
    ["an id can be used again", "a record with the id"],
  ],
  "destroyByUser does nothing": [
    (plain) => ({
      async destroyByUser(userId, options) {
        const { records, next } = await plain.listByUser(userId, options);
        return { ended: records.length, more: next !== null };
      },
    }),
    ["destroyByUser ends", "concurrent destroyByUser"],
  ],
  "destroyByUser deletes the records of every kind": [
    (plain) => ({
      async destroyByUser(userId, options) {
        const outcome = await plain.destroyByUser(userId, options);
        for (const [id, record] of plain.records)
          if (record.userId === userId && record.kind !== options.kind) plain.records.delete(id);
        return outcome;
      },
    }),
    ["destroyByUser ends", "kinds are"],
  ],
  "destroyByUser deletes the records of every user": [
    (plain) => ({
      async destroyByUser(userId, options) {
        const outcome = await plain.destroyByUser(userId, options);
        for (const [id, record] of plain.records)
          if (record.userId !== null && record.kind === options.kind) plain.records.delete(id);
        return outcome;
      },
    }),
    ["a record with the id", "destroyByUser ends", "user ids are"],
  ],
  "destroyByUser ignores the limit": [
    (plain) => ({
      async destroyByUser(userId, options) {
        const { ended, more } = await plain.destroyByUser(userId, options);
        return more
          ? { ended: ended + (await plain.destroyByUser(userId, { ...options, limit: 1000 })).ended, more: false }
          : { ended, more };
      },
    }),
    ["destroyByUser ends"],
  ],
  "destroyByUser always returns more: false": [
    (plain) => ({
      destroyByUser: async (userId, options) => ({ ...(await plain.destroyByUser(userId, options)), more: false }),
    }),
    ["destroyByUser ends"],
  ],
  "destroyByUser always returns more: true": [
    (plain) => ({
      destroyByUser: async (userId, options) => ({ ...(await plain.destroyByUser(userId, options)), more: true }),
    }),
    ["listByUser and destroyByUser find", "destroyByUser ends"],
  ],
  "destroyByUser returns more: false when it reaches the limit": [
    (plain) => ({
      async destroyByUser(userId, options) {
        const { ended, more } = await plain.destroyByUser(userId, options);
        return { ended, more: more && ended < options.limit };
      },
    }),
    ["destroyByUser ends"],
  ],
  "destroyByUser counts expired records": [
    (plain) => ({
      async destroyByUser(userId, options) {
        const { ended, more } = await plain.destroyByUser(userId, options);
        const expired = plain.expired().filter((id) => plain.records.get(id)?.userId === userId);
        for (const id of expired) plain.records.delete(id);
        return { ended: ended + expired.length, more };
      },
    }),
    ["destroyByUser ends"],
  ],
  "destroyByUser counts records that another call deleted": [
    (plain) => ({
      async destroyByUser(userId, options) {
        const { records } = await plain.listByUser(userId, options);
        const { more } = await plain.destroyByUser(userId, options);
        return { ended: records.length, more };
      },
    }),
    ["concurrent destroyByUser"],
  ],
  "destroyByUser resolves before it has deleted the records": [
    (plain) => ({
      async destroyByUser(userId, options) {
        const { records, next } = await plain.listByUser(userId, options);
        setImmediate(() => plain.destroyByUser(userId, options));
        return { ended: records.length, more: next !== null };
      },
    }),
    ["destroyByUser ends", "concurrent destroyByUser"],
  ],
};
