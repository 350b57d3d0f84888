const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** How many wrong codes cause no wait. Each further wrong code doubles the wait: 1 minute, 2, 4, up to a day. */
const FREE = 4;

/** The tries since the last right code. The database stores them for each account. */
export interface Tries {
  failures: number;
  /** Milliseconds since the epoch. */
  tryAgainAt: number;
}

/**
 * Counts one more try; null if it is too early. Count a try before you check its code, and save it only if `failures`
 * in the database is still the same. Otherwise, many guesses that arrive together would all be checked.
 */
export function oneMoreTry({ failures, tryAgainAt }: Tries): Tries | null {
  const now = Date.now();
  if (now < tryAgainAt) return null;
  const wait = failures < FREE ? 0 : Math.min(2 ** (failures - FREE) * MINUTE, DAY);
  return { failures: failures + 1, tryAgainAt: now + wait };
}
