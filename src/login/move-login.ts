import { underLimit } from "../active-sessions/limit.js";
import { storeOf } from "../active-sessions/store-logins.js";
import { loadUser } from "../current/load-user.js";
import type { RequestContext } from "../current/request-context.js";
import { SessionGoneError } from "../errors.js";
import { LoginRequiredError } from "../refusals.js";
import { endForGood } from "../remember/browser-record.js";
import type { NewRemembered } from "../remember/remembered-login.js";
import type { SessionAuth } from "../session/auth.js";
import { enterSession } from "./start-session.js";

/** @throws LoginRequiredError if nobody is logged in by a session or a remember cookie */
export async function currentLogin(
  context: RequestContext,
  verb: string,
): Promise<{ user: object; auth: SessionAuth }> {
  const { user, authenticated } = await loadUser(context);
  const auth = context.userAuth;
  if (authenticated && auth) return { user, auth };
  throw new LoginRequiredError(`There is no login to ${verb}.`);
}

/** How a login moves to a new session. */
interface Moved {
  /** The id of the browser's record that must name the new session; null if there is none. */
  browser: string | null;
  /** The login, if a field has changed that the browser's record must contain. */
  changed?: SessionAuth | undefined;
  /** How long the new remember cookie lasts; null if there is no new cookie. */
  time: NewRemembered | null;
  /** Does the login begin to count toward `maxSessions`? */
  isNew?: boolean;
  last?: () => Promise<void>;
}

/** Moves the current login to a new session. */
export async function move(context: RequestContext, auth: SessionAuth, moved: Moved): Promise<void> {
  const { browser, changed, time, isNew, last } = moved;
  const { core, session } = context;
  const isOnce = context.sessionAuth === undefined;
  const limit = isOnce || isNew ? await underLimit(core, session, auth) : {};
  const own = isOnce ? undefined : session.recordId;
  let before: readonly string[] = [];
  let instead: string | null | undefined;
  const name = async (recordId: string | null) => {
    const named = await core.remember.moveTo(browser, recordId, { own, instead, login: changed });
    // A browser's record may have expired before its session. But if the login has no session, or a session was named
    // before, a missing record means that another request has ended the login.
    if (!named && (isOnce || instead !== undefined)) throw new SessionGoneError();
    instead = recordId;
    before = named?.before ?? [];
    return named?.until ?? 0;
  };
  const admit = async () => {
    await limit.admit?.();
    if (isOnce) {
      // End the sessions that other requests restored for this browser, or are about to create. A request that moves
      // the login out of one of these sessions then fails, unless the request has already named its own new session.
      for (const id of before) await endForGood(storeOf(core), id);
      if (instead && !(await core.remember.namesLast(browser, instead))) throw new SessionGoneError();
    }
    await last?.();
  };
  await enterSession(context, { ...limit, values: session.values(), auth, continues: !isOnce, name, admit }, time);
}
