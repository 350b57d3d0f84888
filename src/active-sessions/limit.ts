import type { Core } from "../core.js";
import { SessionGoneError, SessionLimitError } from "../errors.js";
import type { SessionAuth } from "../session/auth.js";
import type { NextSession } from "../session/regenerate.js";
import type { RequestSession } from "../session/request-session.js";
import { endLogins, sessionsOf } from "./store-logins.js";

/** A login as `maxSessions` counts it: once, even if it is in several sessions. */
interface Counted {
  loginId: string;
  createdAt: number;
  pending: boolean;
}

/** How many times a pending login counts the logins before it gives up. */
const MAX_LOOKS = 200;

/**
 * Makes a new login respect `maxSessions` exactly, however many logins arrive at once in any number of processes.
 *
 * `end-oldest`: each login is stored first, then ends all logins but the newest. All processes agree on the order.
 * `refuse`: each login is stored as pending. It is admitted once no more than `maxSessions` logins are stored,
 * including pending ones. Until then, later logins give way to earlier ones.
 *
 * @param replaced the id of the login that the new one replaces; it is not counted
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
  // Later than all existing logins, even if the clock of this process is slow.
  const createdAt = Math.max(Date.now(), ...before.map((login) => login.createdAt + 1));
  if (onLimit === "end-oldest") {
    const admit = async () => {
      const over = new Set((await count()).slice(maxSessions).map(({ loginId }) => loginId));
      const isOver = over.delete(auth.loginId);
      if (over.size > 0) await endOver(core, auth.userId, over);
      if (isOver) throw new SessionGoneError(); // others are newer by the clocks of their processes
    };
    return { createdAt, admit };
  }
  if (before.filter(({ pending }) => !pending).length >= maxSessions) throw new SessionLimitError(maxSessions);
  return { createdAt, pending: true, admit: () => contend(auth, maxSessions, count) };
}

/** Is there room for a login that gets no session? Such a login ends no other login. */
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
