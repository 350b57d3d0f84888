import type { Core } from "../core.js";
import { isLatchkeyError, StoreUnavailableError } from "../errors.js";
import { browserIn, endBrowser, type RememberedBrowser } from "../remember/browser-record.js";
import { type KeptFields, restoredFields } from "../remember/remembered-login.js";
import type { SessionAuth } from "../session/auth.js";
import { foreignSessions } from "../session/foreign-session.js";
import type { RecordPage, SessionStore, StoredRecord } from "../store/session-store.js";
import { endLinked, isLinked } from "./linked-logins.js";

/** A session of a user, and the login in it. */
export interface LoginSession {
  record: StoredRecord;
  auth: SessionAuth;
}

/** The record of a remembered browser, and its content. */
export interface LoginBrowser {
  record: StoredRecord;
  browser: RememberedBrowser;
}

/** The kinds of records that a login has. */
type Kind = "session" | "browser";

/** How many records are listed or ended in one call. */
const PAGE = 500;
/**
 * The maximum number of times that the sessions of a user are listed. They are listed again if some were replaced
 * before they could be ended.
 */
const MAX_LOOKS = 20;

/**
 * Represents the login of a record that cannot be read. It matches no login id, so an unreadable record is ended only
 * together with all other logins of the user.
 */
const UNREADABLE: LoginName = Object.freeze({ loginId: "", series: null });

/** Lists the readable sessions of a user, page by page. A user may have very many, so the caller should not keep them. */
export async function* sessionsOf(core: Core, userId: string): AsyncGenerator<LoginSession> {
  for await (const { records } of pagesOf(storeOf(core), userId, "session")) yield* records.map(loginIn);
}

/** Lists the readable records of a user's remembered browsers; none if remember cookies are stateless. */
export async function* browsersOf(core: Core, userId: string): AsyncGenerator<LoginBrowser> {
  if (core.remember.mode === "stateless") return;
  for await (const { records } of pagesOf(storeOf(core), userId, "browser")) {
    yield* records.map((record) => ({ record, browser: browserIn(record) }));
  }
}

/** Returns the ids of a user's logins. */
export async function loginIdsOf(core: Core, userId: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const { auth } of sessionsOf(core, userId)) if (!auth.pending) ids.add(auth.loginId);
  for await (const { browser } of browsersOf(core, userId)) ids.add(browser.loginId);
  return ids;
}

/**
 * Ends the chosen logins of a user. It deletes the records of their browsers before their sessions, because a browser
 * can restore a session.
 *
 * @returns the ids of the logins that it ended
 */
export async function endLogins(
  core: Core,
  userId: string,
  chosen: (auth: LoginName) => boolean,
): Promise<Set<string>> {
  const browsers = await forgetBrowsers(core, userId, chosen);
  const ended = new Set(browsers.values());
  for (const { auth } of await endSessions(core, userId, chosen)) {
    if (!auth.pending) ended.add(auth.loginId);
    // A login creates its browser's record before its session. So this record may have been created after the browsers
    // were listed.
    if (auth.series !== null && !browsers.has(auth.series)) await core.remember.end(auth.series);
  }
  return ended;
}

/**
 * Ends all existing logins of a user: forgets their browsers one by one, and ends their sessions in batches. Then deletes
 * the aliases, which nobody needs any more.
 */
export async function endAll(core: Core, userId: string): Promise<void> {
  await forgetBrowsers(core, userId, () => true);
  await endSessions(core, userId, isLinked);
  const store = storeOf(core);
  for (const kind of ["session", "alias"])
    for (let more = true; more; ) ({ more } = await store.destroyByUser(userId, { kind, limit: PAGE }));
}

/**
 * Forgets the chosen browsers of a user, and ends the sessions that their records name. Resolves with the login id of
 * each forgotten browser, by record id.
 */
async function forgetBrowsers(
  core: Core,
  userId: string,
  chosen: (auth: LoginName) => boolean,
): Promise<Map<string, string>> {
  const forgotten = new Map<string, string>();
  if (core.remember.mode === "stateless") return forgotten;
  const store = storeOf(core);
  for await (const { records, damaged } of pagesOf(store, userId, "browser")) {
    for (const record of records) {
      const { loginId, sessions, login } = browserIn(record);
      if (!chosen({ loginId, series: record.id, ...restoredFields(login) })) continue;
      if (await endBrowser(store, record.id, { sessions })) forgotten.set(record.id, loginId);
    }
    if (chosen(UNREADABLE)) for (const id of damaged) await store.destroy(id);
  }
  return forgotten;
}

/** The same as `endLogins`, but ends nothing if the store cannot list the records of a user. */
export async function endLoginsIfListed(...[core, userId, chosen]: Parameters<typeof endLogins>): Promise<Set<string>> {
  try {
    return await endLogins(core, userId, chosen);
  } catch (error) {
    if (isLatchkeyError(error, "unsupported_by_store")) return new Set();
    throw error;
  }
}

/** Ends a login that another request has moved to a new session, by a confirmation or a restore. */
export async function endMovedLogin(
  core: Core,
  { userId, loginId }: Pick<SessionAuth, "userId" | "loginId">,
): Promise<void> {
  await endLoginsIfListed(core, userId, (login) => login.loginId === loginId);
}

/**
 * Ends the chosen sessions of a user, and resolves with the sessions that it ended.
 *
 * @throws StoreUnavailableError if it cannot end some of the sessions
 */
export async function endSessions(
  core: Core,
  userId: string,
  chosen: (auth: LoginName) => boolean,
): Promise<LoginSession[]> {
  const store = storeOf(core);
  const all: LoginSession[] = [];
  for (let look = 0; look < MAX_LOOKS; look++) {
    let found = 0;
    let missed = 0;
    let pages = 0;
    for await (const { records, damaged } of pagesOf(store, userId, "session")) {
      const sessions = records.map(loginIn).filter(({ auth }) => chosen(auth));
      const ended = await Promise.all(sessions.map(({ record }) => store.destroy(record.id)));
      if (chosen(UNREADABLE)) for (const id of damaged) await store.destroy(id);
      const own = sessions.filter((_, i) => ended[i]);
      for (const { auth } of own) await endLinked(core, auth, "revoked");
      all.push(...own);
      found += sessions.length;
      missed += ended.filter((record) => record === null).length;
      pages++;
    }
    // If another request ended a session, it may have created a new session that was not listed yet. With several
    // pages, a session may also have moved from one page to another. So list again.
    if (missed === 0 && (pages === 1 || found === 0)) return all;
  }
  throw new StoreUnavailableError("the session store lists sessions that it cannot end");
}

/**
 * Returns the manager's store.
 *
 * @throws UnsupportedByStoreError if there is no store, because the application uses its own express-session
 */
export function storeOf({ store }: Core): SessionStore {
  if (store) return store;
  throw foreignSessions();
}

type LoginName = Pick<SessionAuth, "loginId" | "series" | "impersonator" | "parked"> & KeptFields;

async function* pagesOf(store: SessionStore, userId: string, kind: Kind): AsyncGenerator<RecordPage> {
  let after: string | undefined;
  do {
    const page = await store.listByUser(userId, { kind, limit: PAGE, after });
    yield page;
    after = page.next ?? undefined;
  } while (after !== undefined);
}

function loginIn(record: StoredRecord): LoginSession {
  return { record, auth: record.data.auth as unknown as SessionAuth };
}
