import { isLatchkeyError, StoreUnavailableError, UnsupportedByStoreError } from "./errors.js";
import type { RememberedBrowser } from "./remember-persistent.js";
import type { StoredRememberToken } from "./remember-token-store.js";
import type { Core } from "./request-context.js";
import type { SessionAuth } from "./session-auth.js";
import type { StoredSession } from "./session-store.js";
import type { StoreCalls } from "./store-calls.js";

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

/** The sessions of a user, by the store of the manager; the newest first. */
export async function sessionsOf(core: Core, userId: string): Promise<LoginSession[]> {
  const sessions = await callsOf(core).sessions("listByUser", (store) => store.listByUser(userId));
  return sessions.map((session) => ({ session, auth: session.data.auth as unknown as SessionAuth }));
}

/** The remembered browsers of a user; none where they are not kept. */
export async function browsersOf(core: Core, userId: string): Promise<LoginBrowser[]> {
  if (core.remember.mode === "stateless") return [];
  const records = await callsOf(core).tokens("listByUser", (tokens) => tokens.listByUser(userId));
  return records.map((record) => ({ record, browser: record.data as unknown as RememberedBrowser }));
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
  for (const { record, browser } of await browsersOf(core, userId)) {
    if (!chosen({ loginId: browser.loginId, series: record.id })) continue;
    forgotten.add(record.id);
    if (await callsOf(core).tokens("destroy", (tokens) => tokens.destroy(record.id))) ended.add(browser.loginId);
  }
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
  chosen: (session: LoginSession) => boolean,
): Promise<LoginSession[]> {
  const all: LoginSession[] = [];
  for (let look = 0; look < MOST_LOOKS; look++) {
    const found = (await sessionsOf(core, userId)).filter(chosen);
    const ended = await Promise.all(
      found.map(({ session }) => callsOf(core).sessions("destroy", (store) => store.destroy(session.id))),
    );
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
