import { UnsupportedByStoreError } from "./errors.js";
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
  for (const { record, browser } of await browsersOf(core, userId)) {
    if (!chosen({ loginId: browser.loginId, series: record.id })) continue;
    if (await callsOf(core).tokens("destroy", (tokens) => tokens.destroy(record.id))) ended.add(browser.loginId);
  }
  for (const { auth } of await endSessions(core, userId, ({ auth }) => chosen(auth))) ended.add(auth.loginId);
  return ended;
}

/** Ends sessions of a user, and gives those that there were. */
export async function endSessions(
  core: Core,
  userId: string,
  chosen: (session: LoginSession) => boolean,
): Promise<LoginSession[]> {
  const found = (await sessionsOf(core, userId)).filter(chosen);
  const ended = await Promise.all(
    found.map(({ session }) => callsOf(core).sessions("destroy", (store) => store.destroy(session.id))),
  );
  return found.filter((_, i) => ended[i]);
}

/** @throws UnsupportedByStoreError where no store was given, and sessions are kept by an express-session of the application's own */
export function callsOf({ calls }: Core): StoreCalls {
  if (calls) return calls;
  throw new UnsupportedByStoreError("listByUser", "an express-session of the application's own keeps the sessions");
}

type LoginName = Pick<SessionAuth, "loginId" | "series">;
