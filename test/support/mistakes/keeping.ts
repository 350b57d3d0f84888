import { later, type Mistake } from "./mistake.js";

/** Mistakes in how records, ids and users are kept, found and pruned. */
export const mistakenKeeping: Record<string, Mistake> = {
  "a user's records are read after their ids": [
    (plain) => ({
      async listByUser(userId) {
        const found = await plain.listByUser(userId);
        await later();
        return found.filter(({ id }) => plain.find(id));
      },
    }),
    ["listByUser finds one that moves"],
  ],
  "ids lose their case": [
    (plain) => ({
      find: (id) =>
        plain.find([...plain.records.keys()].find((key) => key.toLowerCase() === id?.toLowerCase?.()) ?? id),
    }),
    ["ids are compared"],
  ],
  "ids lose their spaces": [
    (plain) => ({
      find: (id) => plain.find(typeof id === "string" ? id.trim() : id),
    }),
    ["ids are compared"],
  ],
  "ids are what String() makes of them": [
    (plain) => ({
      find: (id) => plain.find(String(id) || "none"),
      put: (id, record) => plain.put(String(id) || "none", record),
    }),
    ["refuses ids that"],
  ],
  "any user id is taken": [
    (plain) => ({
      async update(id, record) {
        const found = plain.find(id);
        const updating = plain.update(id, { ...record, userId: null });
        if (found) plain.records.get(id)!.userId = record.userId;
        return updating;
      },
    }),
    ["refuses a record"],
  ],
  "data are kept by reference": [
    (plain) => ({
      put(id, record) {
        plain.put(id, record);
        plain.records.get(id)!.data = record.data;
      },
    }),
    ["what was written"],
  ],
  "data are kept without their types": [
    (plain) => ({
      put(id, record) {
        plain.put(id, { ...record, data: JSON.parse(JSON.stringify(record.data), (_, value) => value ?? "") });
      },
    }),
    ["create keeps a", "refuses a record"],
  ],
  "the expiry is kept a millisecond short": [
    (plain) => ({
      put(id, record) {
        plain.put(id, record);
        plain.records.get(id)!.expiresAt--;
      },
    }),
    [
      "create keeps a",
      "keeps 60,000 characters",
      "create refuses a",
      "update replaces a",
      "update by what",
      "update of another",
      "touch never moves",
      "an id can",
      "from expiresAt on",
      "an updated record",
      "ids are compared",
      "refuses ids that",
      "refuses a record",
    ],
  ],
  "listByUser lists expired ones": [
    (plain) => ({
      async listByUser(userId) {
        await plain.listByUser(userId);
        const found = [...plain.records].filter(([, record]) => record.userId === userId);
        return found.map(([id, record]) => ({ id, ...record })).sort((a, b) => b.createdAt - a.createdAt);
      },
    }),
    ["listByUser gives a", "destroyByUser ends a"],
  ],
  "listByUser gives the oldest first": [
    (plain) => ({
      listByUser: async (userId) => (await plain.listByUser(userId)).reverse(),
    }),
    ["listByUser gives a"],
  ],
  "listByUser gives no data": [
    (plain) => ({
      listByUser: async (userId) => (await plain.listByUser(userId)).map((session) => ({ ...session, data: {} })),
    }),
    ["listByUser gives a"],
  ],
  "user ids lose their accents and case": [
    (plain) => ({
      async listByUser(userId) {
        await plain.listByUser(userId);
        const { compare } = new Intl.Collator("en", { sensitivity: "base" });
        const users = new Set([...plain.records.values()].map((record) => record.userId ?? ""));
        const same = [...users].filter((user) => compare(user, userId) === 0);
        return (await Promise.all(same.map((user) => plain.listByUser(user)))).flat();
      },
    }),
    ["user ids are"],
  ],
  "destroyByUser ends the one excepted": [
    (plain) => ({
      async destroyByUser(userId, options) {
        const ended = await plain.destroyByUser(userId, options);
        return options?.except ? ended + (await plain.destroyByUser(userId)) : ended;
      },
    }),
    ["destroyByUser ends a"],
  ],
  "destroyByUser takes anything for except": [
    (plain) => ({
      destroyByUser: (userId, options) => plain.destroyByUser(userId, { except: String(options?.except) || "none" }),
    }),
    ["refuses user ids"],
  ],
  "destroyByUser counts what others ended": [
    (plain) => ({
      async destroyByUser(userId, options) {
        const found = (await plain.listByUser(userId)).filter(({ id }) => id !== options?.except);
        await plain.destroyByUser(userId, options);
        return found.length;
      },
    }),
    ["concurrent destroyByUser calls"],
  ],
  "prune removes live ones": [
    ({ records }) => ({
      async prune() {
        const { size } = records;
        records.clear();
        return size;
      },
    }),
    ["prune removes only", "8 concurrent prunes"],
  ],
  "prune takes no limit": [
    (plain) => ({
      prune: () => plain.prune(),
    }),
    ["prune removes only"],
  ],
  "prune counts what others removed": [
    (plain) => ({
      async prune({ limit = Number.POSITIVE_INFINITY } = {}) {
        const expired = [...plain.records.keys()].filter((id) => !plain.find(id)).slice(0, limit);
        await Promise.resolve();
        for (const id of expired) plain.records.delete(id);
        return expired.length;
      },
    }),
    ["8 concurrent prunes"],
  ],
};
