import { SessionExistsError } from "latchkey";
import { next } from "../plain-store.js";
import { later, type Mistake, NOBODY } from "./mistake.js";

/** Mistakes in create, read and update. */
export const mistakenWriting: Record<string, Mistake> = {
  "create overwrites": [
    (plain) => ({
      create: async (id, record) => plain.put(id, record),
    }),
    [
      "create refuses a",
      "from expiresAt on",
      "of 20 concurrent creates of an id one",
      "of 20 concurrent creates of an id whose",
    ],
  ],
  "create says nothing when the id is taken": [
    (plain) => ({
      create: (id, record) =>
        plain.create(id, record).catch((error) => {
          if (!(error instanceof SessionExistsError)) throw error;
        }),
    }),
    [
      "create refuses a",
      "from expiresAt on",
      "of 20 concurrent creates of an id one",
      "of 20 concurrent creates of an id whose",
    ],
  ],
  "create looks first and writes later": [
    (plain) => ({
      async create(id, record) {
        if (await plain.read(id)) throw new SessionExistsError();
        plain.put(id, record);
      },
    }),
    ["of 20 concurrent creates of an id one", "of 20 concurrent creates of an id whose"],
  ],
  "create refuses an id that an expired record holds": [
    (plain) => ({
      async create(id, record) {
        if (plain.records.has(id)) throw new SessionExistsError();
        plain.put(id, record);
      },
    }),
    ["from expiresAt on", "of 20 concurrent creates of an id whose"],
  ],
  "read does not look at the expiry": [
    (plain) => ({
      read: async (id) => (await plain.read(id)) ?? structuredClone(plain.records.get(id)) ?? null,
    }),
    [
      "from expiresAt on",
      "a touched record",
      "an updated record",
      "a record that lives",
      "a record that is over when it is updated",
      "a record that is over when it is written",
      "no update or touch brings a session back that",
    ],
  ],
  "read creates what is missing": [
    (plain) => ({
      async read(id) {
        const found = await plain.read(id);
        if (!found) plain.put(id, { ...NOBODY, expiresAt: Date.now() + 1000 });
        return found;
      },
    }),
    [
      "an unknown id",
      "destroy tells whether",
      "from expiresAt on",
      "a record that is over when it is updated",
      "ids are compared",
      "takes any text",
    ],
  ],
  "read gives the record itself": [
    (plain) => ({
      read: async (id) => plain.find(id) ?? null,
    }),
    ["what was read"],
  ],
  "update inserts": [
    (plain) => ({
      async update(id, record) {
        if (plain.find(id)) return plain.update(id, record);
        plain.put(id, next(record));
        return true;
      },
    }),
    [
      "an unknown id",
      "no verb brings",
      "from expiresAt on",
      "a record that is",
      "ids are compared",
      "no update or touch brings a session back,",
      "no update or touch brings a session back that",
      "concurrent destroyByUser calls",
    ],
  ],
  "update does not look at the expiry": [
    (plain) => ({
      async update(id, record) {
        if (plain.records.get(id)?.revision !== record.revision) return plain.update(id, record);
        plain.put(id, next(record));
        return true;
      },
    }),
    ["from expiresAt on", "a record that is", "no update or touch brings a session back that"],
  ],
  "update looks first and writes later": [
    (plain) => ({
      async update(id, record) {
        if ((await plain.read(id))?.revision !== record.revision) return plain.update(id, record);
        await later();
        plain.put(id, next(record));
        return true;
      },
    }),
    [
      "no update or touch brings a session back,",
      "concurrent destroyByUser calls",
      "of concurrent updates",
      "none of many changes",
    ],
  ],
  "update does not look at the revision": [
    (plain) => ({
      async update(id, record) {
        plain.check(record);
        return plain.update(id, { ...record, revision: plain.find(id)?.revision ?? 0 });
      },
    }),
    ["update of another revision", "of concurrent updates", "none of many changes"],
  ],
  "update takes any later revision": [
    (plain) => ({
      async update(id, record) {
        plain.check(record);
        const { revision = 0 } = plain.find(id) ?? {};
        return plain.update(id, record.revision > revision ? { ...record, revision } : record);
      },
    }),
    ["update of another revision"],
  ],
  "update leaves the revision as it is": [
    (plain) => ({
      async update(id, record) {
        const updating = plain.update(id, record);
        if (plain.find(id)?.revision === record.revision + 1) plain.put(id, record);
        return updating;
      },
    }),
    [
      "update replaces a",
      "update by what was read",
      "update of another revision",
      "of concurrent updates",
      "none of many changes",
      "an updated session",
    ],
  ],
  "touch is an update": [
    (plain) => ({
      async touch(id, seen) {
        const touched = await plain.touch(id, seen);
        const found = plain.find(id);
        if (touched && found) plain.put(id, next(found));
        return touched;
      },
    }),
    ["touch moves", "touch never moves", "a touch leaves", "concurrent touches"],
  ],
  "update keeps the instants": [
    (plain) => ({
      async update(id, record) {
        plain.check(record);
        const { createdAt, lastSeenAt, expiresAt } = plain.find(id) ?? record;
        return plain.update(id, { ...record, createdAt, lastSeenAt, expiresAt });
      },
    }),
    ["update replaces a", "an updated record", "a record that is over when it is updated"],
  ],
  "update keeps the user": [
    (plain) => ({
      async update(id, record) {
        plain.check(record);
        const { userId } = plain.find(id) ?? record;
        return plain.update(id, { ...record, userId });
      },
    }),
    ["an updated session"],
  ],
  "update merges the data": [
    (plain) => ({
      async update(id, record) {
        plain.check(record);
        const data = { ...plain.find(id)?.data, ...record.data };
        return plain.update(id, { ...record, data });
      },
    }),
    ["update replaces a"],
  ],
};
