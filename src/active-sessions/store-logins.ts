import type { Core } from "../core.js";
import { isLatchkeyError, StoreUnavailableError, UnsupportedByStoreError } from "../errors.js";
import type { RememberedBrowser } from "../remember/persistent.js";
import type { SessionAuth } from "../session/auth.js";
import type { StoredRememberToken } from "../store/remember-token-store.js";
import type { StoredSession } from "../store/session-store.js";
import type { StoreCalls } from "../store/store-calls.js";

/** A session of a user's, and the login that it holds. */
export interface LoginSession {
  session: StoredSession;
  auth: SessionAuth;
}

/** A record of a remembered browser, and what it says. */
export interface LoginBrowser {
  record: StoredRememberToken;
  browser: RememberedBrowser;
}

/** How often a user's sessions are looked for again, because some moved on before they could be ended. */
const MOST_LOOKS = 20;

/** The login of a record that cannot be read. It matches no name, so it is ended together with all other logins of the user. */
const UNREADABLE: LoginName = Object.freeze({ loginId: "", series: null });

/** The readable sessions of a user in the manager's store, the newest first. */
export async function sessionsOf(core: Core, userId: string): Promise<LoginSession[]> {
  const { records } = await callsOf(core).listSessions(userId);
  return records.map(loginIn);
}

function loginIn(session: StoredSession): LoginSession {
  return { session, auth: session.data.auth as unknown as SessionAuth };
}

/** The readable records of a user's remembered browsers; empty if the store keeps none. */
export async function browsersOf(core: Core, userId: string): Promise<LoginBrowser[]> {
  return (await allBrowsersOf(core, userId)).browsers;
}

async function allBrowsersOf(core: Core, userId: string): Promise<{ browsers: LoginBrowser[]; damaged: string[] }> {
  if (core.remember.mode === "stateless") return { browsers: [], damaged: [] };
  const { records, damaged } = await callsOf(core).listTokens(userId);
  const browsers = records.map((record) => ({ record, browser: record.data as unknown as RememberedBrowser }));
  return { browsers, damaged };
}

/**
 * Ends logins of a user: first their browsers' records, then their sessions, for a restore makes a session and then looks for its
 * record.
 *
 * @returns the ids of those that there were
 */
export async function endLogins(
  core: Core,
  userId: string,
  chosen: (auth: LoginName) => boolean,
): Promise<Set<string>> {
  const ended = new Set<string>();
  const forgotten = new Set<string>();
  const forget = (id: string) => callsOf(core).tokens("destroy", (tokens) => tokens.destroy(id));
  const { browsers, damaged } = await allBrowsersOf(core, userId);
  for (const { record, browser } of browsers) {
    if (!chosen({ loginId: browser.loginId, series: record.id })) continue;
    forgotten.add(record.id);
    if (await forget(record.id)) ended.add(browser.loginId);
  }
  if (chosen(UNREADABLE)) for (const id of damaged) await forget(id);
  for (const { auth } of await endSessions(core, userId, ({ auth }) => chosen(auth))) {
    if (auth.pending !== "new") ended.add(auth.loginId);
    // A login makes the record before the session: this one was not there when the others were forgotten.
    if (auth.series !== null && !forgotten.has(auth.series)) await core.remember.end(auth.series);
  }
  return ended;
}

/** The same where the store can find logins; elsewhere none. */
export async function endThoseFound(...[core, userId, chosen]: Parameters<typeof endLogins>): Promise<Set<string>> {
  try {
    return await endLogins(core, userId, chosen);
  } catch (error) {
    if (isLatchkeyError(error, "unsupported_by_store")) return new Set();
    throw error;
  }
}

/** Ends a login that has moved on, by a confirmation or a restore, from the session where it was. */
export async function endElsewhere(
  core: Core,
  { userId, loginId }: Pick<SessionAuth, "userId" | "loginId">,
): Promise<void> {
  await endThoseFound(core, userId, (login) => login.loginId === loginId);
}

/**
 * Ends sessions of a user, and gives those that there were.
 *
 * @throws StoreUnavailableError when there are some still that it does not get hold of
 */
export async function endSessions(
  core: Core,
  userId: string,
  chosen: (session: { session: { id: string }; auth: LoginName }) => boolean,
): Promise<LoginSession[]> {
  const all: LoginSession[] = [];
  for (let look = 0; look < MOST_LOOKS; look++) {
    const { records, damaged } = await callsOf(core).listSessions(userId);
    const found = records.map(loginIn).filter(chosen);
    const unreadable = damaged.filter((id) => chosen({ session: { id }, auth: UNREADABLE }));
    const ids = [...found.map(({ session }) => session.id), ...unreadable];
    const ended = await Promise.all(ids.map((id) => callsOf(core).sessions("destroy", (store) => store.destroy(id))));
    all.push(...found.filter((_, i) => ended[i]));
    // One that somebody else ended may have been left for a new one, which was not there to be seen.
    if (ended.every(Boolean)) return all;
  }
  throw new StoreUnavailableError("the session store lists sessions that it cannot end");
}

/** @throws UnsupportedByStoreError where no store was given, and sessions are kept by an express-session of the application's own */
export function callsOf({ calls }: Core): StoreCalls {
  if (calls) return calls;
  throw foreignSessions();
}

/** The error for an express-session of the application's own, which cannot tell the sessions of a user. */
export function foreignSessions(): UnsupportedByStoreError {
  return new UnsupportedByStoreError("listByUser", "an express-session of the application's own keeps the sessions");
}

type LoginName = Pick<SessionAuth, "loginId" | "series">;
