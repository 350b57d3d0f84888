/**
 * The error codes for deadlocks, serialization failures, lock timeouts and busy files: SQLSTATEs of PostgreSQL, names
 * and numbers of MySQL, and names of SQLite.
 */
const CODES = /^(40001|40P01|55P03|ER_LOCK_DEADLOCK|ER_LOCK_WAIT_TIMEOUT|1205|1213|SQLITE_(BUSY|LOCKED)(_\w+)?)$/;
/** `SQLITE_BUSY` and `SQLITE_LOCKED`, which node:sqlite returns as numbers. */
const SQLITE_NUMBERS = [5, 6];

/** Does a driver's error come from concurrent work, so that the statement may succeed a moment later? */
export function isTransient(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  // The lowest byte is the code; the other bytes give details.
  return CODES.test(String(code)) || (typeof errcode === "number" && SQLITE_NUMBERS.includes(errcode & 0xff));
}
