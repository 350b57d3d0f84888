import { RecordDamagedError } from "../src/errors.js";
import type { StoredRememberToken } from "../src/store/remember-token-store.js";
import type { StoredSession } from "../src/store/session-store.js";

/** Runs a store's decoder. @throws RecordDamagedError for any error of the decoder, because that may quote the record */
export function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch {
    throw new RecordDamagedError();
  }
}

/** The entry that a store lists for a record that it cannot decode: it has no login, so it is treated as damaged. */
export function undecodable(id: string, userId: string): StoredSession & StoredRememberToken {
  return { id, userId, data: {}, createdAt: 0, lastSeenAt: 0, expiresAt: 0, revision: 0, tokenHash: "" };
}
