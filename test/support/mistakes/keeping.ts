import { assertId, type JsonObject, type JsonValue, SessionExistsError } from "latchkey";
import { touched, updated } from "../plain-store.js";
import { checkTouch, checkUpdate, keeping, type Mistake } from "./mistake.js";

/** Mistakes in how ids and records are stored, and in how arguments are checked. */
export const mistakenKeeping: Record<string, Mistake> = {
  "ids are compared without their case": [
    (plain) => ({
      find: (id) => plain.find([...plain.records.keys()].find((key) => key.toLowerCase() === id.toLowerCase()) ?? id),
    }),
    ["ids are compared"],
  ],
  "ids are compared without spaces at the start and end": [
    (plain) => ({ find: (id) => plain.find(id.trim()) }),
    ["ids are compared"],
  ],
  "ids are compared without accents": [
    (plain) => ({
      find: (id) => plain.find(id.normalize("NFD").replaceAll(/\p{Diacritic}/gu, "")),
      put: (id, record) => plain.put(id.normalize("NFD").replaceAll(/\p{Diacritic}/gu, ""), record),
    }),
    ["ids are compared"],
  ],
  "* is a wildcard in ids": [
    (plain) => ({
      find(id) {
        const pattern = new RegExp(`^${id.replaceAll(/[\\^$.+?()[\]{}|]/g, "\\$&").replaceAll("*", ".*")}$`, "su");
        return plain.find([...plain.records.keys()].find((key) => pattern.test(key)) ?? id);
      },
    }),
    ["ids are compared"],
  ],
  "ids that are names of object properties are not found": [
    (plain) => ({
      find: (id) => (id in {} || id.startsWith("__") ? undefined : plain.find(id)),
    }),
    ["any string can be"],
  ],
  "every record is stored as a session": [
    keeping(() => ({ kind: "session" })),
    [
      "create stores a record",
      "destroy returns the final",
      "an id can be used again",
      "update never changes",
      "an id belongs",
      "listByUser returns a user's",
      "listByUser returns each",
      "a record that was updated",
      "a record with the id",
      "destroyByUser ends",
      "kinds are",
    ],
  ],
  "read finds only sessions": [
    (plain) => ({
      async read(id) {
        const found = await plain.read(id);
        return found?.kind === "session" ? found : null;
      },
    }),
    [
      "create stores a record",
      "an id can be used again",
      "update never changes",
      "an id belongs",
      "destroyByUser ends",
    ],
  ],
  "update finds only sessions": [
    (plain) => ({
      async update(id, update) {
        checkUpdate(id, update);
        return plain.find(id)?.kind === "session" && plain.update(id, update);
      },
    }),
    ["destroy returns the final", "a record that was updated"],
  ],
  "touch finds only sessions": [
    (plain) => ({
      async touch(id, times) {
        checkTouch(id, times);
        return plain.find(id)?.kind === "session" && plain.touch(id, times);
      },
    }),
    ["destroy returns the final", "a record that was updated"],
  ],
  "destroy finds only sessions": [
    (plain) => ({
      async destroy(id) {
        assertId("id", id);
        return plain.find(id)?.kind === "session" ? plain.destroy(id) : null;
      },
    }),
    ["destroy returns the final", "update never changes"],
  ],
  "only the first 24 characters of a kind are stored": [
    keeping(({ kind }) => ({ kind: kind.slice(0, 24) })),
    ["create stores a record", "update never changes", "a record that was updated"],
  ],
  "a missing user id is stored as a string": [
    keeping(({ userId }) => ({ userId: String(userId) })),
    [
      "create stores a record",
      "stores 60,000",
      "create of a taken id",
      "update replaces",
      "update never changes",
      "touch never moves",
      "ids are compared",
      "rejects invalid ids",
      "after concurrent touches",
    ],
  ],
  "only the first 128 characters of a user id are stored": [
    keeping(({ userId }) => ({ userId: userId?.slice(0, 128) ?? null })),
    ["user ids are"],
  ],
  "times are stored in seconds": [
    keeping(({ createdAt, lastSeenAt, expiresAt }) => ({
      createdAt: inSeconds(createdAt),
      lastSeenAt: inSeconds(lastSeenAt),
      expiresAt: inSeconds(expiresAt),
    })),
    [
      "create stores a record",
      "stores times",
      "stores 60,000",
      "create of a taken id",
      "destroy returns the final",
      "an id can be used again",
      "update replaces",
      "update never changes",
      "update with the revision",
      "update with a revision",
      "touch moves",
      "touch never moves",
      "an updated record",
      "no method finds",
      "a record that expires in",
      "ids are compared",
      "rejects invalid ids",
      "an id belongs",
      "rejects invalid records",
      "exactly one of 20 concurrent destroys",
      "after concurrent touches",
      "a record that was updated",
    ],
  ],
  "a creation time of zero is treated as missing": [
    keeping(({ createdAt }) => ({ createdAt: createdAt || Date.now() })),
    ["stores times"],
  ],
  "the expiry cannot be later than 2038": [
    keeping(({ expiresAt }) => ({ expiresAt: Math.min(expiresAt, 2 ** 31 * 1000 - 1) })),
    ["stores times"],
  ],
  "the expiry is stored one millisecond too early": [
    keeping(({ expiresAt }) => ({ expiresAt: expiresAt - 1 })),
    [
      "create stores a record",
      "stores times",
      "stores 60,000",
      "create of a taken id",
      "destroy returns the final",
      "an id can be used again",
      "update replaces",
      "update never changes",
      "update with the revision",
      "update with a revision",
      "touch moves",
      "touch never moves",
      "an updated record",
      "no method finds",
      "ids are compared",
      "rejects invalid ids",
      "an id belongs",
      "rejects invalid records",
      "exactly one of 20 concurrent destroys",
      "after concurrent touches",
      "a record that was updated",
    ],
  ],
  "data is stored by reference": [
    (plain) => ({
      put: (id, record) => void plain.records.set(id, record),
    }),
    ["data that was written", "rejects invalid records"],
  ],
  "nulls in data become empty strings": [
    keeping(({ data }) => ({ data: mapped(data, (value) => value ?? "") })),
    ["create stores a record"],
  ],
  "empty objects and lists in data become null": [
    keeping(({ data }) => ({
      data: mapped(data, (value) =>
        typeof value === "object" && Object.keys(value ?? {}).length === 0 ? null : value,
      ),
    })),
    ["create stores a record"],
  ],
  "data loses the key __proto__": [
    keeping(({ data }) => {
      const copy: JsonObject = {};
      for (const [key, value] of Object.entries(data)) copy[key] = value;
      return { data: copy };
    }),
    ["stores keys with any name"],
  ],
  "data loses keys that are names of object properties": [
    keeping(({ data }) => ({ data: Object.fromEntries(Object.entries(data).filter(([key]) => !(key in {}))) })),
    ["create stores a record", "stores keys with any name"],
  ],
  "data loses the empty key": [keeping(({ data: { "": _, ...data } }) => ({ data })), ["stores keys with any name"]],
  "lone surrogates in data are replaced": [
    keeping(({ data }) => ({
      data: mapped(data, (value) => (typeof value === "string" ? Buffer.from(value).toString() : value)),
    })),
    ["create stores a record"],
  ],
  "strings in data end at NUL": [
    keeping(({ data }) => ({
      data: mapped(data, (value) => (typeof value === "string" ? value.split("\0")[0]! : value)),
    })),
    ["create stores a record"],
  ],
  "only the first 32,767 characters of a string in data are stored": [
    keeping(({ data }) => ({
      data: mapped(data, (value) => (typeof value === "string" ? value.slice(0, 32_767) : value)),
    })),
    ["stores 60,000"],
  ],
  "ids are converted to strings": [
    (plain) => ({
      create: (id, record) => plain.create(text(id), record),
      read: (id) => plain.read(text(id)),
      update: (id, update) => plain.update(text(id), update),
      touch: (id, times) => plain.touch(text(id), times),
      destroy: (id) => plain.destroy(text(id)),
    }),
    ["rejects invalid ids", "rejects invalid arguments"],
  ],
  "create accepts any record": [
    (plain) => ({
      async create(id, record) {
        assertId("id", id);
        if (plain.find(id)) throw new SessionExistsError();
        plain.put(id, record);
      },
    }),
    ["rejects invalid records", "rejects invalid arguments"],
  ],
  "update accepts any update": [
    (plain) => ({
      async update(id, update) {
        assertId("id", id);
        const record = plain.find(id);
        if (record?.revision !== update.revision) return false;
        plain.put(id, updated(record, update));
        return true;
      },
    }),
    ["rejects invalid records", "rejects invalid arguments"],
  ],
  "touch accepts any times": [
    (plain) => ({
      async touch(id, times) {
        assertId("id", id);
        const record = plain.find(id);
        if (record) plain.put(id, touched(record, times));
        return record !== undefined;
      },
    }),
    ["rejects invalid records", "rejects invalid arguments"],
  ],
  "user ids are converted to strings": [
    (plain) => ({
      listByUser: (userId, options) => plain.listByUser(text(userId), options),
      destroyByUser: (userId, options) => plain.destroyByUser(text(userId), options),
    }),
    ["rejects invalid user ids"],
  ],
  "invalid kinds are accepted": [
    (plain) => ({
      listByUser: (userId, options) => plain.listByUser(userId, { ...options, kind: kindIn(options) }),
      destroyByUser: (userId, options) => plain.destroyByUser(userId, { ...options, kind: kindIn(options) }),
    }),
    ["rejects invalid user ids"],
  ],
  "invalid limits are accepted": [
    (plain) => ({
      listByUser: (userId, options) => plain.listByUser(userId, { ...options, limit: Math.floor(options.limit) || 1 }),
      destroyByUser: (userId, options) => plain.destroyByUser(userId, { ...options, limit: options.limit || 1 }),
    }),
    ["rejects invalid arguments", "rejects invalid user ids"],
  ],
  "invalid values of after are accepted": [
    (plain) => ({
      listByUser: (userId, options) =>
        plain.listByUser(userId, { ...options, after: options.after === undefined ? undefined : text(options.after) }),
    }),
    ["rejects invalid user ids"],
  ],
};

function inSeconds(instant: number): number {
  return Math.floor(instant / 1000) * 1000;
}

function mapped(data: JsonObject, change: (value: JsonValue) => JsonValue): JsonObject {
  return JSON.parse(JSON.stringify(data), (key, value) => (key === "" ? value : change(value))) as JsonObject;
}

/** A valid id, whatever the value is. */
function text(value: unknown): string {
  return typeof value === "string" ? value.replaceAll(/[\0\p{Surrogate}]/gu, "") || "none" : `a ${typeof value}`;
}

function kindIn({ kind }: { kind: unknown }): string {
  return typeof kind === "string" && /^[a-zA-Z\d-]{1,32}$/.test(kind) ? kind : "none";
}
