import type { ListOptions, RecordPage, SessionStore } from "../../src/store/session-store.js";

/** The store that a cursor belongs to: the first letter of the cursor. */
type Side = "f" | "t";

/** Lists a user's records in two stores, in pages: first those in `from`, then those in `to`. */
export async function listBoth(
  { from, to }: { from: SessionStore; to: SessionStore },
  userId: string,
  options: ListOptions,
): Promise<RecordPage> {
  const { after } = options;
  if (after !== undefined) {
    const side: Side = after.startsWith("t") ? "t" : "f";
    const inner = after.length > 1 ? after.slice(1) : undefined;
    return pageOf(side === "f" ? from : to, side, userId, { ...options, after: inner });
  }
  // `from` is listed before `to`, because a moving record is created in `to` before it is deleted in `from`. It is
  // listed again, because a login of a process that does not move records yet goes from `to` to a new record in `from`.
  const pages = [
    await from.listByUser(userId, options),
    await to.listByUser(userId, options),
    await from.listByUser(userId, options),
  ];
  const whole = merged(pages);
  if (pages.every(({ next }) => next === null) && whole.records.length <= options.limit) return whole;
  const [first, second] = pages as [RecordPage, RecordPage, RecordPage];
  return first.records.length + first.damaged.length === 0 && first.next === null
    ? withCursor("t", second)
    : withCursor("f", first);
}

async function pageOf(store: SessionStore, side: Side, userId: string, options: ListOptions): Promise<RecordPage> {
  return withCursor(side, await store.listByUser(userId, options));
}

function withCursor(side: Side, page: RecordPage): RecordPage {
  const next = page.next === null ? (side === "f" ? "t" : null) : side + page.next;
  return { ...page, next };
}

/** Joins pages. Of records with the same id, the record in the later page counts, which is the one in `to`. */
function merged(pages: readonly RecordPage[]): RecordPage {
  const [first, second, third] = pages as [RecordPage, RecordPage, RecordPage];
  const records = new Map([...first.records, ...third.records, ...second.records].map((record) => [record.id, record]));
  const damaged = new Set(pages.flatMap((page) => page.damaged));
  return { records: [...records.values()], damaged: [...damaged], next: null };
}
