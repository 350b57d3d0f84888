import { later, type Mistake, NOBODY } from "./mistake.js";

/** Mistakes in touch and destroy. */
export const mistakenEnding: Record<string, Mistake> = {
  "touch goes back": [
    (plain) => ({
      async touch(id, { lastSeenAt, expiresAt }) {
        const touched = await plain.touch(id, { lastSeenAt, expiresAt });
        if (touched) Object.assign(plain.find(id)!, { lastSeenAt, expiresAt });
        return touched;
      },
    }),
    ["touch never moves", "no update or touch brings a session back,", "concurrent touches leave"],
  ],
  "touch leaves the expiry": [
    (plain) => ({
      async touch(id, seen) {
        const { expiresAt } = plain.find(id) ?? seen;
        const touched = await plain.touch(id, seen);
        if (touched) plain.find(id)!.expiresAt = expiresAt;
        return touched;
      },
    }),
    ["touch moves the", "touch never moves", "a touched record", "no update or touch brings a session back,"],
  ],
  "touch takes all that it is given": [
    (plain) => ({
      async touch(id, seen) {
        const touched = await plain.touch(id, seen);
        if (touched) plain.put(id, { ...seen, ...plain.find(id)!, ...("data" in seen ? { data: {} } : {}) });
        return touched;
      },
    }),
    ["touch moves the", "no update or touch brings a session back,"],
  ],
  "touch inserts": [
    (plain) => ({
      async touch(id, seen) {
        if (!(await plain.touch(id, seen))) plain.put(id, { ...NOBODY, ...seen });
        return true;
      },
    }),
    [
      "an unknown id",
      "no verb brings",
      "from expiresAt on",
      "ids are compared",
      "no update or touch brings a session back,",
      "no update or touch brings a session back that",
      "concurrent destroyByUser calls",
    ],
  ],
  "touch writes later what it read": [
    (plain) => ({
      async touch(id, seen) {
        const found = await plain.read(id);
        if (!(await plain.touch(id, seen)) || !found) return false;
        await later();
        const lastSeenAt = Math.max(found.lastSeenAt, seen.lastSeenAt);
        plain.put(id, { ...found, lastSeenAt, expiresAt: Math.max(found.expiresAt, seen.expiresAt) });
        return true;
      },
    }),
    ["concurrent touches leave", "concurrent destroyByUser calls"],
  ],
  "destroy always gives true": [
    (plain) => ({
      async destroy(id) {
        await plain.destroy(id);
        return true;
      },
    }),
    [
      "an unknown id",
      "destroy tells whether",
      "from expiresAt on",
      "ids are compared",
      "of 20 concurrent destroys",
      "no update or touch brings a session back that",
    ],
  ],
  "destroy does nothing": [
    (plain) => ({
      destroy: async (id) => plain.find(id) !== undefined,
    }),
    [
      "no verb brings",
      "destroy tells whether",
      "an id can",
      "of 20 concurrent destroys",
      "no update or touch brings a session back,",
      "listByUser gives a",
    ],
  ],
  "destroy looks first and deletes later": [
    (plain) => ({
      async destroy(id) {
        const found = await plain.read(id);
        plain.records.delete(id);
        return found !== null;
      },
    }),
    ["of 20 concurrent destroys"],
  ],
  "destroy rejects when there is none": [
    (plain) => ({
      async destroy(id) {
        if (await plain.destroy(id)) return true;
        throw new Error("no such session");
      },
    }),
    [
      "an unknown id",
      "destroy tells whether",
      "from expiresAt on",
      "ids are compared",
      "of 20 concurrent destroys",
      "no update or touch brings a session back that",
    ],
  ],
};
