import { contended } from "../errors.js";
import { withChangesIn } from "../login-fields/device.js";
import type { SessionStore } from "../store/session-store.js";
import { browserIn, dataOf, namedSince, namesOf } from "./browser-record.js";
import { readBrowser } from "./presented-token.js";
import type { Moving } from "./remember.js";
import { fieldsFor } from "./remembered-login.js";

/** A browser whose record names the session that its login moves to. */
export interface MovedBrowser {
  /** The sessions that the record named before, and still names. */
  before: string[];
  /** How long the browser is remembered, in milliseconds since the epoch. */
  until: number;
}

/** How many times the change is tried while other requests change the record. */
const MAX_TRIES = 5;

/**
 * Adds a session to those that a browser's record names, before its login moves to that session.
 *
 * @param series the id of the record; null if the login has no record
 * @returns null if the browser is no longer remembered
 * @throws StoreUnavailableError if the store fails, or if other requests keep changing the record
 */
export async function moveBrowser(
  store: SessionStore,
  series: string | null,
  session: string | null,
  { own, instead, login }: Moving,
): Promise<MovedBrowser | null> {
  if (series === null) return { before: [], until: 0 };
  for (let tried = 1; tried <= MAX_TRIES; tried++) {
    const record = await readBrowser(store, series);
    if (!record) return null;
    const browser = browserIn(record);
    const before = namedSince(browser.sessions, own).filter((one) => one !== instead);
    const held = browser.login ?? {};
    const fields = login && fieldsFor(withChangesIn(login, held), held);
    const data = dataOf({ ...browser, sessions: [...before, ...namesOf(session)], ...fields });
    if (await store.update(series, { ...record, data })) return { before, until: browser.until };
  }
  throw contended("the record of a browser");
}
