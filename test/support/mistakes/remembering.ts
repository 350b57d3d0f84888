import { assertRecord, SessionExistsError } from "latchkey";
import type { PlainRememberTokens } from "../plain-store.js";
import type { Mistake } from "./mistake.js";

/** Mistakes in the other verbs of a store of remembered browsers. */
export const mistakenRemembering: Record<string, Mistake<PlainRememberTokens>> = {
  "any token is taken": [
    () => ({
      check: (record) => assertRecord({ ...record, lastSeenAt: 0, revision: 0 }),
    }),
    ["refuses a record"],
  ],
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
  "create looks first and writes later": [
    (plain) => ({
      async create(id, record) {
        if (await plain.read(id)) throw new SessionExistsError();
        plain.put(id, record);
      },
    }),
    ["of 20 concurrent creates of an id one", "of 20 concurrent creates of an id whose"],
  ],
  "destroy always gives true": [
    (plain) => ({
      async destroy(id) {
        await plain.destroy(id);
        return true;
      },
    }),
    ["an unknown id", "destroy tells whether", "from expiresAt on", "ids are compared", "of 20 concurrent destroys"],
  ],
  "destroy does nothing": [
    (plain) => ({
      destroy: async (id) => plain.find(id) !== undefined,
    }),
    [
      "destroy tells whether",
      "no verb brings",
      "an id can",
      "tokens are compared",
      "of 20 concurrent destroys",
      "no rotate brings a record back that destroy ends",
      "listByUser gives a",
    ],
  ],
  "listByUser gives them as they were made": [
    (plain) => ({
      async listByUser(userId) {
        const listed = await plain.listByUser(userId);
        const made = [...plain.records.keys()];
        return listed.sort((a, b) => made.indexOf(a.id) - made.indexOf(b.id));
      },
    }),
    ["rotate replaces a", "listByUser gives a"],
  ],
  "listByUser lists expired ones": [
    (plain) => ({
      async listByUser(userId) {
        await plain.listByUser(userId);
        const found = [...plain.records].filter(([, record]) => record.userId === userId);
        return found.map(([id, record]) => ({ id, ...record })).sort((a, b) => b.createdAt - a.createdAt);
      },
    }),
    ["a rotated record", "listByUser gives a", "destroyByUser ends a"],
  ],
  "destroyByUser forgets the one excepted": [
    (plain) => ({
      destroyByUser: async (userId, options) =>
        (await plain.destroyByUser(userId, options)) + (options?.except ? await plain.destroyByUser(userId) : 0),
    }),
    ["destroyByUser ends a"],
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
};
