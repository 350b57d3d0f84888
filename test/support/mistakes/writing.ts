import { RecordDamagedError, SessionExistsError } from "latchkey";
import { updated } from "../plain-store.js";
import { checkCreate, checkUpdate, later, MADE_UP, type Mistake, updating } from "./mistake.js";

/** Mistakes in create, read and update. */
export const mistakenWriting: Record<string, Mistake> = {
  "create overwrites an existing record": [
    (plain) => ({
      create: async (id, record) => {
        checkCreate(id, record);
        plain.put(id, record);
      },
    }),
    [
      "create of a taken id",
      "no method finds",
      "an id belongs",
      "exactly one of 20 concurrent creates of a free id",
      "exactly one of 20 concurrent creates of the id",
    ],
  ],
  "create does not reject when the id is taken": [
    (plain) => ({
      create: (id, record) =>
        plain.create(id, record).catch((error) => {
          if (!(error instanceof SessionExistsError)) throw error;
        }),
    }),
    [
      "create of a taken id",
      "no method finds",
      "an id belongs",
      "exactly one of 20 concurrent creates of a free id",
      "exactly one of 20 concurrent creates of the id",
    ],
  ],
  "create rejects with another error than SessionExistsError when the id is taken": [
    (plain) => ({
      create: (id, record) =>
        plain.create(id, record).catch((error) => {
          throw error instanceof SessionExistsError ? new Error("UNIQUE constraint failed") : error;
        }),
    }),
    [
      "create of a taken id",
      "no method finds",
      "exactly one of 20 concurrent creates of a free id",
      "exactly one of 20 concurrent creates of the id",
    ],
  ],
  "create overwrites before it rejects": [
    (plain) => ({
      create: async (id, record) => {
        checkCreate(id, record);
        const isTaken = plain.find(id) !== undefined;
        plain.put(id, record);
        if (isTaken) throw new SessionExistsError();
      },
    }),
    ["create of a taken id", "an id belongs", "exactly one of 20 concurrent creates of the id"],
  ],
  "create checks first and writes later": [
    (plain) => ({
      async create(id, record) {
        checkCreate(id, record);
        if (await plain.read(id)) throw new SessionExistsError();
        plain.put(id, record);
      },
    }),
    ["exactly one of 20 concurrent creates of a free id", "exactly one of 20 concurrent creates of the id"],
  ],
  "create rejects the id of an expired record": [
    (plain) => ({
      async create(id, record) {
        checkCreate(id, record);
        if (plain.records.has(id)) throw new SessionExistsError();
        await plain.create(id, record);
      },
    }),
    ["no method finds", "exactly one of 20 concurrent creates of the id", "a record with the id"],
  ],
  "create replaces a record of another kind with the same id": [
    (plain) => ({
      async create(id, record) {
        checkCreate(id, record);
        if (plain.find(id)?.kind !== record.kind) plain.records.delete(id);
        await plain.create(id, record);
      },
    }),
    ["an id belongs"],
  ],
  "read ignores the expiry": [
    (plain) => ({
      read: async (id) => (await plain.read(id)) ?? structuredClone(plain.records.get(id)) ?? null,
    }),
    [
      "a touched record",
      "an updated record",
      "an update with a past",
      "no method finds",
      "a record that expires in",
      "a record that is created",
      "no update or touch brings an expired",
      "a backend's own expiry",
    ],
  ],
  "read creates a record that does not exist": [
    (plain) => ({
      async read(id) {
        const found = await plain.read(id);
        if (!found) plain.put(id, { ...MADE_UP, expiresAt: Date.now() + 1000 });
        return found;
      },
    }),
    [
      "read, update, touch and destroy return",
      "destroy returns the final",
      "an update with a past",
      "no method finds",
      "ids are compared",
      "any string can be",
    ],
  ],
  "read returns undefined when there is no record": [
    (plain) => ({
      read: async (id) => (await plain.read(id)) ?? (undefined as never),
    }),
    [
      "read, update, touch and destroy return",
      "destroy returns the final",
      "update and touch do not bring",
      "a touched record",
      "an updated record",
      "an update with a past",
      "no method finds",
      "a record that expires in",
      "a record that is created",
      "ids are compared",
      "any string can be",
      "rejects invalid records",
      "exactly one of 20 concurrent destroys",
      "no update or touch brings a record",
      "no update or touch brings an expired",
      "destroyByUser ends",
      "concurrent destroyByUser",
      "a backend's own expiry",
    ],
  ],
  "read rejects when there is no record": [
    (plain) => ({
      async read(id) {
        const found = await plain.read(id);
        if (!found) throw new RecordDamagedError();
        return found;
      },
    }),
    [
      "read, update, touch and destroy return",
      "destroy returns the final",
      "update and touch do not bring",
      "a touched record",
      "an updated record",
      "an update with a past",
      "no method finds",
      "a record that expires in",
      "a record that is created",
      "ids are compared",
      "any string can be",
      "rejects invalid records",
      "exactly one of 20 concurrent destroys",
      "no update or touch brings a record",
      "no update or touch brings an expired",
      "destroyByUser ends",
      "concurrent destroyByUser",
      "a backend's own expiry",
    ],
  ],
  "read extends the expiry of the record": [
    (plain) => ({
      async read(id) {
        const found = await plain.read(id);
        if (found) await plain.touch(id, { ...found, expiresAt: found.expiresAt + 60_000 });
        return found;
      },
    }),
    [
      "stores times",
      "update never changes",
      "touch never moves",
      "a touched record",
      "an updated record",
      "no method finds",
      "a record that expires in",
      "listByUser returns a user's",
    ],
  ],
  "read returns the stored object instead of a copy": [
    (plain) => ({
      async read(id) {
        await plain.read(id);
        return plain.find(id) ?? null;
      },
    }),
    ["data that was read"],
  ],
  "read returns data with frozen values": [
    (plain) => ({
      async read(id) {
        const found = await plain.read(id);
        Object.values(found?.data ?? {}).map(Object.freeze);
        return found;
      },
    }),
    ["data that was read"],
  ],
  "update creates a record that does not exist": [
    (plain) => ({
      async update(id, update) {
        checkUpdate(id, update);
        if (!plain.find(id)) plain.put(id, { ...MADE_UP, ...update });
        return plain.update(id, update);
      },
    }),
    [
      "read, update, touch and destroy return",
      "update and touch do not bring",
      "an update with a past",
      "no method finds",
      "ids are compared",
      "destroy returns the record with",
      "no update or touch brings a record",
      "no update or touch brings an expired",
      "concurrent destroyByUser",
    ],
  ],
  "update ignores the expiry": [
    (plain) => ({
      async update(id, update) {
        checkUpdate(id, update);
        const record = plain.records.get(id);
        if (record?.revision !== update.revision) return plain.update(id, update);
        plain.put(id, updated(record, update));
        return true;
      },
    }),
    ["an update with a past", "no method finds", "no update or touch brings an expired"],
  ],
  "update checks first and writes later": [
    (plain) => ({
      async update(id, update) {
        checkUpdate(id, update);
        const found = await plain.read(id);
        if (found?.revision !== update.revision) return plain.update(id, update);
        await later();
        plain.put(id, updated(found, update));
        return true;
      },
    }),
    [
      "destroy returns the record with",
      "no update or touch brings a record",
      "exactly one of several",
      "no change is lost",
      "concurrent destroyByUser",
    ],
  ],
  "update ignores the revision": [
    (plain) => ({
      update: async (id, update) => {
        checkUpdate(id, update);
        const { revision = 0 } = plain.find(id) ?? {};
        return plain.update(id, { ...update, revision });
      },
    }),
    ["update with a revision", "exactly one of several", "no change is lost", "a record that was updated"],
  ],
  "update accepts any later revision": [
    (plain) => ({
      update: async (id, update) => {
        checkUpdate(id, update);
        const { revision = 0 } = plain.find(id) ?? {};
        return plain.update(id, update.revision > revision ? { ...update, revision } : update);
      },
    }),
    ["update with a revision", "a record that was updated"],
  ],
  "update does not change the revision": [
    updating((_, { revision }) => ({ revision })),
    [
      "stores times",
      "destroy returns the final",
      "update replaces",
      "update with the revision",
      "update with a revision",
      "destroy returns the record with",
      "exactly one of several",
      "no change is lost",
      "a record that was updated",
      "listByUser always finds a record while it",
    ],
  ],
  "update stores the caller's revision instead of the next one": [
    updating((_, __, { revision = 0 }) => ({ revision })),
    [
      "stores times",
      "destroy returns the final",
      "update replaces",
      "update with the revision",
      "update with a revision",
      "destroy returns the record with",
      "exactly one of several",
      "no change is lost",
      "a record that was updated",
      "listByUser always finds a record while it",
    ],
  ],
  "update does not change the last use and the expiry": [
    updating((_, { lastSeenAt, expiresAt }) => ({ lastSeenAt, expiresAt })),
    [
      "stores times",
      "update replaces",
      "an updated record",
      "an update with a past",
      "a record that was updated",
      "a backend's own expiry",
    ],
  ],
  "update moves the last use and the expiry only forward": [
    updating((now, before) => ({
      lastSeenAt: Math.max(now.lastSeenAt, before.lastSeenAt),
      expiresAt: Math.max(now.expiresAt, before.expiresAt),
    })),
    [
      "update replaces",
      "an updated record",
      "an update with a past",
      "a record that was updated",
      "a backend's own expiry",
    ],
  ],
  "update merges the data": [
    updating((now, before) => ({ data: { ...before.data, ...now.data } })),
    ["destroy returns the final", "update replaces"],
  ],
  "update stores a reference to the data": [
    (plain) => ({
      replace: (id, record, update) => void plain.records.set(id, updated(record, update)),
    }),
    ["data that was written", "rejects invalid records"],
  ],
  "update changes the kind": [
    updating(({ kind }, _, update) => ({ kind: update.kind ?? kind })),
    ["update never changes"],
  ],
  "update changes the user": [
    updating(({ userId }, _, update) => ({ userId: update.userId ?? userId })),
    ["update never changes"],
  ],
  "update removes the user": [
    updating(() => ({ userId: null })),
    [
      "stores times",
      "destroy returns the final",
      "update never changes",
      "update with the revision",
      "update with a revision",
      "a record that was updated",
      "concurrent destroyByUser",
      "a backend's own expiry",
    ],
  ],
  "update changes the creation time": [
    updating(({ createdAt }, _, update) => ({ createdAt: update.createdAt ?? createdAt })),
    ["update never changes"],
  ],
  "update returns true when it writes nothing": [
    (plain) => ({
      async update(id, update) {
        await plain.update(id, update);
        return true;
      },
    }),
    [
      "read, update, touch and destroy return",
      "update and touch do not bring",
      "update with a revision",
      "an update with a past",
      "no method finds",
      "ids are compared",
      "destroy returns the record with",
      "no update or touch brings an expired",
      "exactly one of several",
      "no change is lost",
      "a record that was updated",
    ],
  ],
  "update returns false if the data does not change": [
    (plain) => ({
      async update(id, update) {
        checkUpdate(id, update);
        const before = JSON.stringify(plain.find(id)?.data);
        return (await plain.update(id, update)) && JSON.stringify(update.data) !== before;
      },
    }),
    [
      "stores times",
      "update with the revision",
      "touch does not change",
      "exactly one of several",
      "a backend's own expiry",
    ],
  ],
  "update rejects when there is no record": [
    (plain) => ({
      async update(id, update) {
        if (await plain.update(id, update)) return true;
        throw new Error("no record was updated");
      },
    }),
    [
      "read, update, touch and destroy return",
      "update and touch do not bring",
      "update with a revision",
      "an update with a past",
      "no method finds",
      "ids are compared",
      "destroy returns the record with",
      "no update or touch brings a record",
      "no update or touch brings an expired",
      "no change is lost",
      "a record that was updated",
      "concurrent destroyByUser",
    ],
  ],
  "update does not change the revision if the data does not change": [
    updating((now, before) =>
      JSON.stringify(now.data) === JSON.stringify(before.data) ? { revision: before.revision } : {},
    ),
    ["stores times", "update with the revision", "exactly one of several"],
  ],
};
