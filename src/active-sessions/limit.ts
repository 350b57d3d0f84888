import type { Core } from "../core.js";
import { SessionGoneError, SessionLimitError } from "../errors.js";
import type { SessionAuth } from "../session/auth.js";
import type { NextSession } from "../session/regenerate.js";
import type { RequestSession } from "../session/request-session.js";
import { endLogins, sessionsOf } from "./store-logins.js";

/** A login as it is counted, whatever sessions it is in. */
interface Counted {
  loginId: string;
  createdAt: number;
  pending: boolean;
}

/** How often a login looks whether others at the same moment gave way. */
const MAX_LOOKS = 200;

/**
 * How a new login keeps to `maxSessions`, exactly, however many come at once in however many processes.
 *
 * `end-oldest`: each login is stored first, and then ends all but the newest; the order is total, so all who do so agree.
 * `refuse`: each login is stored as pending, and admitted once no more than `maxSessions` are stored, pending ones among them; until
 * then those that came later give way to those that came earlier.
 *
 * @param replaced the login that the new one takes the place of, which does not count
 * @throws SessionLimitError where no login may be ended for this one
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
  // After all that were there before, whatever this process's clock says.
  const createdAt = Math.max(Date.now(), ...before.map((login) => login.createdAt + 1));
  if (onLimit === "end-oldest") {
    const admit = async () => {
      const over = new Set((await count()).slice(maxSessions).map(({ loginId }) => loginId));
      const isOver = over.delete(auth.loginId);
      if (over.size > 0) await endOver(core, auth.userId, over);
      if (isOver) throw new SessionGoneError(); // others came later, by the clock of their process
    };
    return { createdAt, admit };
  }
  if (before.filter(({ pending }) => !pending).length >= maxSessions) throw new SessionLimitError(maxSessions);
  return { createdAt, pending: true, admit: () => contend(auth, maxSessions, count) };
}

/** Is there room for a login that gets no session, and so ends no other? */
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

/** The logins of a user, the newest first, in an order that all processes agree on. */
async function counted(core: Core, userId: string, replaced: string | undefined): Promise<Counted[]> {
  const logins = new Map<string, Counted>();
  for (const { record, auth } of await sessionsOf(core, userId)) {
    const { loginId } = auth;
    if (loginId === replaced) continue;
    const login = logins.get(loginId) ?? { loginId, createdAt: record.createdAt, pending: true };
    login.pending &&= auth.pending === true;
    logins.set(loginId, login);
  }
  return [...logins.values()].sort((a, b) => b.createdAt - a.createdAt || (a.loginId < b.loginId ? 1 : -1));
}
