import { newAuth, newLoginId } from "../active-sessions/new-login.js";
import { passOnLabel } from "../active-sessions/rename.js";
import { changeLogin, loadUser } from "../current/load-user.js";
import { mayLogIn } from "../current/loaded-user.js";
import type { RequestContext } from "../current/request-context.js";
import { StoreUnavailableError, UnsupportedByStoreError } from "../errors.js";
import { currentLogin } from "../login/move-login.js";
import { assertWritable, enterSession } from "../login/start-session.js";
import { ImpersonatingError, LoginRequiredError } from "../refusals.js";
import type { SessionAuth } from "../session/auth.js";
import type { SessionRecord } from "../store/session-store.js";
import { checkUserId, isAuthenticatedUser } from "../user.js";
import { Parking } from "./parking.js";
import { ImpersonationRefusedError } from "./refused-error.js";

/** See `impersonate`. */
export async function impersonateIn(context: RequestContext, user: object): Promise<void> {
  const { core, req } = context;
  const userId = checkUserId(core.options.userId(user), "userId()");
  await loadUser(context);
  const { impersonator, loginId } = await changeLogin(context, () => begin(context, user, userId));
  core.events.emit("impersonationStarted", { req, user, impersonator, loginId });
}

/** Resolves with the administrator, and with the id of the user's new login. */
async function begin(
  context: RequestContext,
  user: object,
  userId: string,
): Promise<{ impersonator: object; loginId: string }> {
  const { core, req, res, session } = context;
  const { user: impersonator, auth: own } = await currentLogin(context, "act as another user with");
  if (own.impersonator) throw new ImpersonatingError();
  if (own.userId === userId) throw new ImpersonationRefusedError("You are this user.");
  if (!(await mayLogIn(core, req, user, userId, false)) || !isAuthenticatedUser(user)) {
    throw new ImpersonationRefusedError("This user is not active.");
  }
  const { recordId } = session;
  if (!core.records || recordId === null) {
    throw new UnsupportedByStoreError("impersonate", "the application's own express-session keeps the sessions");
  }
  // If a concurrent request has used up the remember cookie, this login is in no session.
  if (!context.sessionAuth) throw new LoginRequiredError("Log in again to act as another user.");
  assertWritable(context, "impersonate");

  const held = await core.remember.loginOf(req);
  const time = held?.userId === own.userId && !held.isUsedUp ? held : undefined;
  const createdAt = (await core.records.find("", recordId))?.createdAt ?? Date.now();
  const parking = new Parking(core, core.records, { auth: own, createdAt, values: session.values(), time });
  const auth = newLogin(context, user, { own, userId });
  const { loginId } = auth;
  auth.impersonator = { userId: own.userId, loginId: own.loginId, session: parking.recordId };
  const name = async (id: string | null) => {
    if (id !== null) await parking.parkFor({ userId, loginId, session: id });
    return 0; // this browser is not remembered
  };
  const admit = async () => {
    await session.endEarlier();
    // The remember cookie could log the administrator in while the browser belongs to the user. `stopImpersonating`
    // sets a new one.
    if (held) await core.remember.end(held.series, { sessions: held.sessions, kept: recordId });
    if (own.series !== held?.series) await core.remember.end(own.series, { kept: recordId });
  };
  try {
    const settle = (old: SessionRecord | null) => passOnLabel(core, own, old);
    const next = { values: {}, auth, continues: true, createdAt: Date.now(), name, admit, settle };
    await enterSession(context, next, null);
  } catch (error) {
    const undoing = parking.undo().catch(() => {}); // report only the first error
    if (!(error instanceof StoreUnavailableError)) await undoing;
    throw error;
  }
  core.remember.forget(req, res);
  core.flashes.drop(context);
  context.settle({ user, authenticated: true, impersonator });
  return { impersonator, loginId };
}

/**
 * Returns the login of the user. Its absolute timeout and its device are those of the administrator's login. It does not contain the
 * address of the administrator, because the user can list it.
 */
function newLogin(
  { core, req }: RequestContext,
  user: object,
  { own, userId }: { own: SessionAuth; userId: string },
): SessionAuth {
  const login = { req, userId, loginId: newLoginId(), freshAt: null, remembered: false, series: null };
  const auth = { ...newAuth(core, user, login), loginAt: own.loginAt, address: null, userAgent: null };
  return own.device ? { ...auth, device: own.device } : auth;
}
