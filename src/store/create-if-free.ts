import { isLatchkeyError } from "../errors.js";
import type { SessionRecord, SessionStore } from "./session-store.js";

/** Creates a record. Resolves with false, and changes nothing, if the id is taken. */
export async function createIfFree(
  store: Pick<SessionStore, "create">,
  id: string,
  record: SessionRecord,
): Promise<boolean> {
  try {
    await store.create(id, record);
    return true;
  } catch (error) {
    if (isLatchkeyError(error, "session_exists")) return false;
    throw error;
  }
}
