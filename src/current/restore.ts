import { hasRoom, underLimit } from "../active-sessions/limit.js";
import { newAuth } from "../active-sessions/new-login.js";
import { SessionGoneError, SessionLimitError, StoreUnavailableError } from "../errors.js";
import { hasBegun } from "../http/before-response.js";
import { isUpgrade } from "../http/upgrade.js";
import type { Restored } from "../remember/remember.js";
import type { SessionAuth } from "../session/auth.js";
import type { LoadedUser, RequestContext } from "./request-context.js";
import { admitter } from "./verify.js";

/** How often a remember cookie is tried, because other requests change the record of its browser. */
const MAX_TRIES = 5;

/** What became of a restore; "again" when another request changed the record of the browser meanwhile. */
type Outcome = "restored" | "refused" | "gone" | "again";

/** Logs in by the request's remember cookie, if it has one that is valid. */
export async function restoreLogin(context: RequestContext): Promise<LoadedUser | undefined> {
  const { core, req, session } = context;
  if (!core.userLoader || !core.remember.isIn(req) || !session.use()) return undefined;
  for (let tried = 1; tried <= MAX_TRIES; tried++) {
    const loaded = await tryRestore(context);
    if (loaded !== "again") return loaded;
  }
  throw new StoreUnavailableError("the record of a browser changes faster than it can be written");
}

async function tryRestore(context: RequestContext): Promise<LoadedUser | "again" | undefined> {
  const { core, req, res, session } = context;
  const { remember } = core;
  // If the browser cannot get a new session id, the login is for this request only.
  const isDeliverable = !isUpgrade(req) && session.isDeliverable();
  const isLate = () => hasBegun(res) || !isDeliverable;
  const restored = await remember.restore(req, admitter(core, req), isLate);
  if (restored === null && !isLate()) remember.forget(req, res);
  if (restored === null || restored === "inactive") return undefined;
  const { user, userId, loginId, series, grant, commit, restoredElsewhere } = restored;
  const auth = newAuth(core, user, { req, userId, loginId, freshAt: null, remembered: true, series });
  const isOnce = !commit || isLate();
  if (grant && !isLate()) remember.set(req, res, grant);
  const outcome = isOnce ? await once(context, auth) : await lastingly(context, auth, commit);
  if (outcome === "again") return "again";
  if (outcome === "refused") core.events.emit("loginRefused", { req, user });
  if (outcome !== "restored") return undefined;
  if (restoredElsewhere && session.isUnsaved) session.restoredElsewhere = true;
  core.events.emit("loadedFromCookie", { req, user });
  return { user, authenticated: true, ...(isOnce ? { once: auth } : {}) };
}

/** Restores a login for this request alone. */
async function once({ core }: RequestContext, auth: SessionAuth): Promise<Outcome> {
  return (await hasRoom(core, auth)) ? "restored" : "refused";
}

/** Gives a restored login a session, the only one of its browser. */
async function lastingly(
  context: RequestContext,
  auth: SessionAuth,
  commit: NonNullable<Restored["commit"]>,
): Promise<Outcome> {
  const { core, req, res, session } = context;
  let isUsedUp = false;
  let taken: string | null = null;
  const name = async (recordId: string | null) => {
    if (taken !== null && auth.series !== null) {
      // It is another session's id, or a request of this browser's has ended it and named its own session.
      await core.remember.moveTo(auth.series, null, { instead: taken });
      isUsedUp = true;
    }
    const committed = isUsedUp ? null : await commit(recordId);
    isUsedUp = committed === null;
    if (!committed) throw new Error("another request has used up the token");
    taken = recordId;
    // Whatever becomes of the session, the token that the browser has is used up.
    if (committed.grant && !hasBegun(res)) core.remember.set(req, res, committed.grant);
  };
  try {
    const limit = await underLimit(core, session, auth);
    await session.regenerate({ ...limit, values: session.values(), auth, name });
    return "restored";
  } catch (error) {
    if (isUsedUp) return "again";
    if (error instanceof SessionLimitError) return "refused";
    if (error instanceof SessionGoneError) return "gone";
    throw error;
  }
}
