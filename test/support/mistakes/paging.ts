import type { RecordPage, SessionRecord } from "latchkey";
import type { PlainStore } from "../plain-store.js";
import { listing, type Mistake } from "./mistake.js";

/** Mistakes in how listByUser divides a list into pages. */
export const mistakenPaging: Record<string, Mistake> = {
  "listByUser ignores the limit": [
    (plain) => ({
      listByUser: async (userId, options) => {
        const page = await plain.listByUser(userId, options);
        return page.next === null ? page : plain.listByUser(userId, { ...options, limit: 1000 });
      },
    }),
    ["listByUser returns each"],
  ],
  "listByUser returns one record more than the limit": [
    (plain) => ({
      listByUser: async (userId, options) => {
        const page = await plain.listByUser(userId, options);
        return page.next === null ? page : plain.listByUser(userId, { ...options, limit: options.limit + 1 });
      },
    }),
    ["listByUser returns each"],
  ],
  "next is always null": [listing(() => ({ next: null })), ["listByUser returns each", "listByUser continues"]],
  "next is never null": [
    listing(({ records }, { after }) => ({ next: records.at(-1)?.id ?? after ?? "0" })),
    [
      "listByUser returns a user's",
      "listByUser returns no next page",
      "listByUser returns each",
      "listByUser continues",
      "listByUser and destroyByUser find",
      "a record that was updated",
      "a record with the id",
      "destroyByUser ends",
      "kinds are",
      "rejects invalid user ids",
      "20 concurrent creates",
      "concurrent destroyByUser",
      "a backend's own expiry",
    ],
  ],
  "next is not null after a full page, even if it is the last page": [
    listing(({ records, next }, { limit }) => ({
      next: next ?? (records.length === limit ? records.at(-1)!.id : null),
    })),
    ["listByUser returns no next page"],
  ],
  "every page is the first page": [
    (plain) => ({
      async listByUser(userId, options) {
        await plain.listByUser(userId, options);
        return plain.listByUser(userId, { ...options, after: undefined });
      },
    }),
    ["listByUser returns each"],
  ],
  "the next page repeats the last record of the page before": [
    (plain) => ({
      async listByUser(userId, options) {
        await plain.listByUser(userId, options);
        const { limit, after = "" } = options;
        return paged(
          plain,
          plain.idsOf(userId, options.kind).filter((id) => id >= after),
          limit,
        );
      },
    }),
    ["listByUser returns each"],
  ],
  "the next page skips a record": [
    (plain) => ({
      async listByUser(userId, options) {
        await plain.listByUser(userId, options);
        const { limit, after } = options;
        const rest = plain.idsOf(userId, options.kind).filter((id) => after === undefined || id > after);
        return paged(plain, after === undefined ? rest : rest.slice(1), limit);
      },
    }),
    ["listByUser returns each", "listByUser continues"],
  ],
  "next is a number of records to skip": [
    (plain) => ({
      async listByUser(userId, options) {
        const { kind, limit, after } = options;
        await plain.listByUser(userId, options);
        const from = Number(after ?? 0);
        const ids = plain.idsOf(userId, kind);
        const next = ids.length > from + limit ? String(from + limit) : null;
        return { ...paged(plain, ids.slice(from), limit), next };
      },
    }),
    ["listByUser continues"],
  ],
  "the next page is empty if the last record of the page before was deleted": [
    (plain) => ({
      async listByUser(userId, options) {
        const page = await plain.listByUser(userId, options);
        const { after } = options;
        return after === undefined || plain.find(after) ? page : { records: [], damaged: [], next: null };
      },
    }),
    ["listByUser continues"],
  ],
  "the next page skips records with the creation time of the last record": [
    paging(
      (a, b) => a.createdAt - b.createdAt,
      (record) => String(record.createdAt),
    ),
    ["listByUser returns each", "listByUser continues"],
  ],
  "the next page skips records with the expiry of the last record": [
    paging(
      (a, b) => a.expiresAt - b.expiresAt,
      (record) => String(record.expiresAt),
    ),
    ["listByUser returns each", "listByUser continues"],
  ],
  "records of other kinds use up the limit of a page": [
    (plain) => ({
      async listByUser(userId, options) {
        await plain.listByUser(userId, options);
        const { kind, limit, after = "" } = options;
        const isOfUser = (id: string) => id > after && plain.find(id)?.userId === userId;
        const ids = [...plain.records.keys()].filter(isOfUser).sort();
        return listedAs(kind, paged(plain, ids, limit));
      },
    }),
    ["listByUser returns each"],
  ],
};

/** Sorts by a value that several records can share, and continues the next page after that value. */
function paging(
  order: (a: SessionRecord, b: SessionRecord) => number,
  place: (record: SessionRecord) => string,
): Mistake[0] {
  return (plain) => ({
    async listByUser(userId, options) {
      await plain.listByUser(userId, options);
      const { kind, limit, after = "" } = options;
      const record = (id: string) => plain.find(id)!;
      const ids = plain.idsOf(userId, kind).sort((a, b) => order(record(a), record(b)));
      const rest = ids.filter((id) => place(record(id)) > after);
      const page = paged(plain, rest, limit);
      return { ...page, next: page.next && place(record(page.next)) };
    },
  });
}

/** The first page of the records with these ids. */
function paged(plain: PlainStore, ids: string[], limit: number): RecordPage {
  const page = ids.slice(0, limit);
  return {
    records: page.map((id) => ({ id, ...structuredClone(plain.find(id)!) })),
    damaged: [],
    next: ids.length > limit ? page.at(-1)! : null,
  };
}

function listedAs(kind: string, page: RecordPage): RecordPage {
  const records = page.records.filter((record) => record.kind === kind);
  return { records, damaged: [], next: records.length === 0 ? null : page.next };
}
