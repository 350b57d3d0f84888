import type { SessionRecord, SessionStore } from "../store/session-store.js";
import type { SessionAuth } from "./auth.js";

/**
 * Call it after the application has ended a session without a logout. If an administrator acted as the user in it, ends
 * the session of the administrator, which nobody can use any more.
 */
export async function endParked(store: SessionStore, ended: SessionRecord | null): Promise<void> {
  const auth = ended?.data.auth as unknown as SessionAuth | undefined;
  if (auth?.impersonator) await store.destroy(auth.impersonator.session);
}
