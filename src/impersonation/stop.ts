import type { Cookie } from "express-session";
import { emitEnd } from "../active-sessions/linked-logins.js";
import { passOnLabel } from "../active-sessions/rename.js";
import { storeOf } from "../active-sessions/store-logins.js";
import { parkedSession } from "../current/impersonator.js";
import { changeLogin, loadUser } from "../current/load-user.js";
import type { RequestContext } from "../current/request-context.js";
import { SessionGoneError } from "../errors.js";
import { changeable, type JsonObject } from "../json.js";
import { assertWritable, enterSession } from "../login/start-session.js";
import { withDeviceIn } from "../login-fields/device.js";
import { staleMethods } from "../login-fields/methods.js";
import type { OtherLogin, SessionAuth } from "../session/auth.js";

/** See `stopImpersonating`. */
export async function stopImpersonatingIn(context: RequestContext): Promise<boolean> {
  const { core, req } = context;
  await loadUser(context);
  const ended = await changeLogin(context, () => stop(context));
  if (!ended) return false;
  emitEnd(core, { user: ended, impersonator: ended.impersonator, reason: "stopped", req });
  return true;
}

/** Resolves with the login of the user, which it ended; null if no administrator acts as a user. */
async function stop(context: RequestContext): Promise<(SessionAuth & { impersonator: OtherLogin }) | null> {
  const { core, session, loaded, userAuth: auth } = context;
  if (!auth?.impersonator || !loaded?.impersonator) return null;
  const { impersonator } = auth;
  assertWritable(context, "stopImpersonating");
  const found = await parkedSession(core, impersonator);
  if (!found) throw new SessionGoneError();
  const { parked, ...own } = found.auth;
  const time = parked?.remember && parked.remember.until > Date.now() ? parked.remember : null;
  const cookie = session.use()?.cookie;
  const lifetime = cookie?.originalMaxAge;
  const next = {
    values: valuesIn(found.state.record!.data, cookie),
    // The login of the user may have been bound to its device during the impersonation.
    auth: withDeviceIn({ ...own, freshAt: null, ...staleMethods(own) }, auth),
    continues: true,
    createdAt: found.state.createdAt,
    // If the administrator's login has ended in the meantime, the administrator must not be logged in again.
    async settle() {
      const ended = await storeOf(core).destroy(impersonator.session);
      if (!ended) throw new SessionGoneError();
      await passOnLabel(core, own, ended);
    },
  };
  try {
    await enterSession(context, next, time);
  } catch (error) {
    if (cookie && cookie.originalMaxAge !== lifetime) cookie.maxAge = lifetime as number;
    throw error;
  }
  core.flashes.drop(context);
  context.settle({ user: loaded.impersonator, authenticated: true });
  return { ...auth, impersonator };
}

/** The values of a parked session, in the form in which a new session gets them. */
function valuesIn({ auth: _, cookie: stored, ...data }: JsonObject, cookie: Cookie | undefined): object {
  const values = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, changeable(value)]));
  if (!stored || !cookie) return values;
  cookie.maxAge = (stored as { maxAge: number | null }).maxAge as number;
  return { ...values, cookie };
}
