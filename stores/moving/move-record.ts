import { createIfFree } from "../../src/store/create-if-free.js";
import type { SessionRecord, SessionStore } from "../../src/store/session-store.js";
import { expire, isEnded } from "./ended.js";

/**
 * Moves a record that was read in `from` to `to`. Creating it in `to` decides: from then on, the record in `to` counts.
 *
 * @returns false if another process moved, changed or ended the record meanwhile; then look for it again
 */
export async function moveRecord(
  from: SessionStore,
  to: SessionStore,
  id: string,
  record: SessionRecord,
): Promise<boolean> {
  if (!(await createIfFree(to, id, record))) return false;
  const last = await from.destroy(id);
  if (!last || !isSame(last, record)) {
    // Another process has ended the record in `from` since it was read. It may have given the id to another record,
    // for example to one that reserves the id. That record was just deleted by mistake, so put it back.
    if (last && !isEnded(last)) await createIfFree(from, id, last);
    await endCopy(to, id, record);
    return false;
  }
  // A process that does not move records may have changed the record since it was read.
  if (last.revision !== record.revision) {
    await to.update(id, { ...last, revision: record.revision });
    return false;
  }
  if (last.expiresAt !== record.expiresAt || last.lastSeenAt !== record.lastSeenAt) await to.touch(id, last);
  return true;
}

/** Are these the same record, perhaps with other data? These parts of a record never change. */
function isSame(one: SessionRecord, other: SessionRecord): boolean {
  return one.kind === other.kind && one.userId === other.userId && one.createdAt === other.createdAt;
}

/** Ends a copy of an ended record, even if other processes are changing it, but no other record with the same id. */
async function endCopy(store: SessionStore, id: string, record: SessionRecord): Promise<void> {
  for (;;) {
    const copy = await store.read(id);
    if (!copy || !isSame(copy, record) || (await expire(store, id, copy.revision))) return;
  }
}
