import { RecordDamagedError } from "../src/errors.js";
import type { StoredRememberToken } from "../src/remember-token-store.js";
import type { StoredSession } from "../src/session-store.js";

/** What a store has decoded. @throws RecordDamagedError instead of any other error, which may quote the record */
export function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch {
    throw new RecordDamagedError();
  }
}

/** What a store lists for a record that it cannot decode: one without a login, which counts as damaged. */
export function undecodable(id: string, userId: string): StoredSession & StoredRememberToken {
  return { id, userId, data: {}, createdAt: 0, lastSeenAt: 0, expiresAt: 0, revision: 0, tokenHash: "" };
}
