import { isLatchkeyError } from "../../src/errors.js";
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
  try {
    await to.create(id, record);
  } catch (error) {
    if (isLatchkeyError(error, "session_exists")) return false;
    throw error;
  }
  const last = await from.destroy(id);
  if (!last || isEnded(last)) {
    // Another process has ended the record in `from` since it was read.
    await expire(to, id, record.revision);
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
