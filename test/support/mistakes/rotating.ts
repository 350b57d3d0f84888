import type { RememberTokenRecord } from "latchkey";
import type { PlainRememberTokens } from "../plain-store.js";
import { later, type Mistake } from "./mistake.js";

/** Mistakes in rotate. */
export const mistakenRotating: Record<string, Mistake<PlainRememberTokens>> = {
  "rotate inserts": [
    (plain) => ({
      async rotate(id, tokenHash, record) {
        if (!plain.find(id)) plain.put(id, record);
        return plain.rotate(id, tokenHash, record);
      },
    }),
    [
      "an unknown id",
      "no verb brings",
      "a record that is over when it is rotated",
      "from expiresAt on",
      "ids are compared",
      "no rotate brings a record back that destroy ends",
      "no rotate brings a record back that destroyByUser",
      "concurrent destroyByUser calls",
    ],
  ],
  "rotate does not look at the token": [
    (plain) => ({
      rotate: async (id, tokenHash, record) =>
        plain.rotate(id, tokenHash && (plain.find(id)?.tokenHash ?? tokenHash), record),
    }),
    ["rotate of a token", "tokens are compared", "rotate refuses tokens", "of 50 concurrent rotates"],
  ],
  "rotate compares tokens without their case": [
    (plain) => ({
      async rotate(id, tokenHash, record) {
        const kept = plain.find(id)?.tokenHash;
        const same = kept?.toLowerCase() === tokenHash?.toLowerCase?.();
        return plain.rotate(id, same ? kept! : tokenHash, record);
      },
    }),
    ["tokens are compared"],
  ],
  "rotate compares tokens without the spaces behind them": [
    (plain) => ({
      async rotate(id, tokenHash, record) {
        const kept = plain.find(id)?.tokenHash;
        const same = kept?.trimEnd() === tokenHash?.trimEnd?.();
        return plain.rotate(id, same ? kept! : tokenHash, record);
      },
    }),
    ["tokens are compared"],
  ],
  "rotate takes what String() makes of a token": [
    (plain) => ({
      rotate: async (id, tokenHash, record) => plain.rotate(id, String(tokenHash || "none"), record),
    }),
    ["rotate refuses tokens"],
  ],
  "rotate looks first and writes later": [
    (plain) => ({
      async rotate(id, tokenHash, record) {
        const found = await plain.read(id);
        if (found?.tokenHash !== tokenHash || found.userId !== record.userId)
          return plain.rotate(id, tokenHash, record);
        await later();
        plain.put(id, record);
        return true;
      },
    }),
    [
      "of 50 concurrent rotates",
      "no rotate brings a record back that destroy ends",
      "no rotate brings a record back that destroyByUser",
      "concurrent destroyByUser calls",
    ],
  ],
  "rotate compares all of the record, not only its token": [
    (plain) => ({
      async rotate(id, tokenHash, record) {
        const found = plain.find(id);
        await later();
        return plain.find(id) === found ? plain.rotate(id, tokenHash, record) : plain.rotate("none", tokenHash, record);
      },
    }),
    ["concurrent rotates that keep"],
  ],
  "rotate does not look at the expiry": [
    (plain) => ({
      async rotate(id, tokenHash, record) {
        const kept = plain.records.get(id);
        if (kept?.tokenHash !== tokenHash || kept.userId !== record.userId) return plain.rotate(id, tokenHash, record);
        plain.put(id, record);
        return true;
      },
    }),
    ["a record that is over when it is rotated", "from expiresAt on"],
  ],
  "rotate gives a record to another user": [
    (plain) => ({
      async rotate(id, tokenHash, record) {
        const before = plain.find(id);
        const rotating = plain.rotate(id, tokenHash, { ...record, userId: before?.userId ?? record.userId });
        if (before && plain.records.get(id) !== before) plain.put(id, record);
        return rotating;
      },
    }),
    ["rotate never gives"],
  ],
  "rotate keeps the token": [
    keeping((record, { tokenHash }) => ({ ...record, tokenHash })),
    ["rotate replaces a", "rotate of a token", "of 50 concurrent rotates"],
  ],
  "rotate keeps the instants": [
    keeping((record, { createdAt, expiresAt }) => ({ ...record, createdAt, expiresAt })),
    [
      "rotate replaces a",
      "rotate of a token that was replaced",
      "a rotated record",
      "a record that is over when it is rotated",
      "of 50 concurrent rotates of a token one succeeds",
    ],
  ],
  "rotate merges the data": [
    keeping((record, { data }) => ({ ...record, data: { ...data, ...record.data } })),
    ["rotate replaces a", "rotate that keeps"],
  ],
  "rotate gives false when nothing changes": [
    (plain) => ({
      async rotate(id, tokenHash, record) {
        const before = JSON.stringify(plain.find(id));
        const rotating = plain.rotate(id, tokenHash, record);
        const changed = JSON.stringify(plain.find(id)) !== before;
        return (await rotating) && changed;
      },
    }),
    ["rotate that keeps"],
  ],
  "rotate gives true whatever came of it": [
    (plain) => ({
      async rotate(id, tokenHash, record) {
        await plain.rotate(id, tokenHash, record);
        return true;
      },
    }),
    [
      "an unknown id",
      "no verb brings",
      "rotate of a token",
      "tokens are compared",
      "rotate never gives",
      "a record that is over when it is rotated",
      "from expiresAt on",
      "ids are compared",
      "of 50 concurrent rotates",
      "no rotate brings a record back that destroy ends",
      "no rotate brings a record back that destroyByUser",
    ],
  ],
  "a rotated record is not listed any more": [
    (plain) => {
      const rotated = new Set<string>();
      return {
        async rotate(id, tokenHash, record) {
          const done = await plain.rotate(id, tokenHash, record);
          if (done) rotated.add(id);
          return done;
        },
        listByUser: async (userId) => (await plain.listByUser(userId)).filter(({ id }) => !rotated.has(id)),
      };
    },
    [
      "rotate replaces a",
      "a rotated record",
      "of 50 concurrent rotates",
      "no rotate brings a record back that destroyByUser",
      "concurrent destroyByUser calls",
    ],
  ],
};
/** Rotates, but keeps another record than the one that was given. */
function keeping(
  kept: (record: RememberTokenRecord, before: RememberTokenRecord) => RememberTokenRecord,
): (plain: PlainRememberTokens) => Partial<PlainRememberTokens> {
  return (plain) => ({
    async rotate(id, tokenHash, record) {
      const before = plain.find(id);
      const rotating = plain.rotate(id, tokenHash, record);
      if (before && plain.records.get(id) !== before) plain.put(id, kept(record, before));
      return rotating;
    },
  });
}
