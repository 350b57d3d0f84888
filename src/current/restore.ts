import { hasRoom, underLimit } from "../active-sessions/limit.js";
import { newAuth } from "../active-sessions/new-login.js";
import { SessionGoneError, SessionLimitError, StoreUnavailableError } from "../errors.js";
import { hasBegun } from "../http/before-response.js";
import { isUpgrade } from "../http/upgrade.js";
import type { Restored } from "../remember/remember.js";
import type { SessionAuth } from "../session/auth.js";
import type { LoadedUser, RequestContext } from "./request-context.js";
import { admitter } from "./verify.js";

/** How many times a restore is tried when other requests change the browser's record meanwhile. */
const MAX_TRIES = 5;

/** The outcome of a restore; "again" if another request changed the browser's record meanwhile. */
type Outcome = "restored" | "refused" | "gone" | "again";

/** Restores the login of the request's remember cookie, if the cookie is valid. */
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
  const outcome = isOnce ? await restoreOnce(context, auth) : await restoreIntoSession(context, auth, commit);
  if (outcome === "again") return "again";
  if (outcome === "refused") core.events.emit("loginRefused", { req, user });
  if (outcome !== "restored") return undefined;
  if (restoredElsewhere && session.isUnsaved) session.restoredElsewhere = true;
  core.events.emit("loadedFromCookie", { req, user });
  return { user, authenticated: true, ...(isOnce ? { once: auth } : {}) };
}

/** Restores a login for this request only. */
async function restoreOnce({ core }: RequestContext, auth: SessionAuth): Promise<Outcome> {
  return (await hasRoom(core, auth)) ? "restored" : "refused";
}

/** Saves a restored login in a new session, which becomes the only session of its browser. */
async function restoreIntoSession(
  context: RequestContext,
  auth: SessionAuth,
  commit: NonNullable<Restored["commit"]>,
): Promise<Outcome> {
  const { core, req, res, session } = context;
  let isUsedUp = false;
  let taken: string | null = null;
  const name = async (recordId: string | null) => {
    if (taken !== null && auth.series !== null) {
      // The id was taken: it is another session's, or another request of this browser has ended this session and named
      // its own.
      await core.remember.moveTo(auth.series, null, { instead: taken });
      isUsedUp = true;
    }
    const committed = isUsedUp ? null : await commit(recordId);
    isUsedUp = committed === null;
    if (!committed) throw new Error("another request has used up the token");
    taken = recordId;
    // Even if the session cannot be created, the browser's token is used up.
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
