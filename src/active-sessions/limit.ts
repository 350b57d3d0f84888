import type { Core } from "../core.js";
import { SessionGoneError } from "../errors.js";
import { SessionLimitError } from "../refusals.js";
import type { SessionAuth } from "../session/auth.js";
import type { NextSession } from "../session/regenerate.js";
import type { RequestSession } from "../session/request-session.js";
import { endLogins, sessionsOf } from "./store-logins.js";

/** A login that counts toward `maxSessions`. It is counted once, even if it is in several sessions. */
interface Counted {
  loginId: string;
  createdAt: number;
  pending: boolean;
}

/** How many times a pending login counts the logins before it gives up. */
const MAX_LOOKS = 200;

/**
 * Makes a new login respect `maxSessions` exactly, even if many logins arrive at once in several processes.
 *
 * `end-oldest`: each login is stored first. It then ends the oldest logins, until `maxSessions` are left. All processes
 * see the logins in the same order. `refuse`: each login is stored as pending. It is accepted when at most
 * `maxSessions` logins are stored, including pending logins. It is refused if there are already `maxSessions` other
 * logins that are accepted, or pending and older.
 *
 * @param replaced the id of the login that the new login replaces; the replaced login is not counted
 * @throws SessionLimitError if the limit is reached and `onLimit` is `"refuse"`
 */
export async function underLimit(
  core: Core,
  session: RequestSession,
  auth: SessionAuth,
  replaced?: string,
): Promise<Pick<NextSession, "createdAt" | "pending" | "admit">> {
  const { maxSessions, onLimit } = core.options;
  if (maxSessions === undefined) return {};
  session.assertListed();
  const count = () => counted(core, auth.userId, replaced);
  const before = (await count()).filter(({ loginId }) => loginId !== auth.loginId);
  // Make it later than all existing logins, even if the clock of this process is slow.
  const createdAt = Math.max(Date.now(), ...before.map((login) => login.createdAt + 1));
  if (onLimit === "end-oldest") {
    const admit = async () => {
      const over = new Set((await count()).slice(maxSessions).map(({ loginId }) => loginId));
      const isOver = over.delete(auth.loginId);
      if (over.size > 0) await endOver(core, auth.userId, over);
      if (isOver) throw new SessionGoneError(); // other processes have stored newer logins
    };
    return { createdAt, admit };
  }
  if (before.filter(({ pending }) => !pending).length >= maxSessions) throw new SessionLimitError(maxSessions);
  return { createdAt, pending: true, admit: () => contend(auth, maxSessions, count) };
}

/** Does `maxSessions` allow one more login? This is for a login without a session, which never ends other logins. */
export async function hasRoom(core: Core, login: Pick<SessionAuth, "userId" | "loginId">): Promise<boolean> {
  const { userId, loginId } = login;
  const { maxSessions, onLimit } = core.options;
  if (maxSessions === undefined || onLimit === "end-oldest") return true;
  return (await counted(core, userId, loginId)).filter(({ pending }) => !pending).length < maxSessions;
}

async function endOver(core: Core, userId: string, over: ReadonlySet<string>): Promise<void> {
  const ended = await endLogins(core, userId, ({ loginId }) => over.has(loginId));
  if (ended.size > 0) core.events.emit("loginsRevoked", { userId, logins: [...ended], reason: "session limit" });
}

async function contend(auth: SessionAuth, maxSessions: number, count: () => Promise<Counted[]>): Promise<void> {
  for (let look = 0; look < MAX_LOOKS; look++) {
    const logins = await count();
    if (logins.length <= maxSessions) return;
    const own = logins.findIndex(({ loginId }) => loginId === auth.loginId);
    const ahead = logins.filter(({ pending }, i) => i !== own && (!pending || i > own));
    if (own === -1) throw new SessionGoneError();
    if (ahead.length >= maxSessions) break;
    await new Promise((resolve) => setTimeout(resolve, 2 + 8 * Math.random()));
  }
  throw new SessionLimitError(maxSessions);
}

/** Returns the logins of a user, newest first. All processes get the same order. */
async function counted(core: Core, userId: string, replaced: string | undefined): Promise<Counted[]> {
  const logins = new Map<string, Counted>();
  for await (const { record, auth } of sessionsOf(core, userId)) {
    const { loginId, pendingUntil } = auth;
    if (loginId === replaced || pendingUntil !== undefined || auth.impersonator) continue;
    const login = logins.get(loginId) ?? { loginId, createdAt: record.createdAt, pending: true };
    login.pending &&= auth.pending === true;
    logins.set(loginId, login);
  }
  return [...logins.values()].sort((a, b) => b.createdAt - a.createdAt || (a.loginId < b.loginId ? 1 : -1));
}
