import type { Request } from "express";
import { hasRoom, underLimit } from "../active-sessions/limit.js";
import { newAuth } from "../active-sessions/new-login.js";
import type { Core, ExternalLink } from "../core.js";
import { contended, isLatchkeyError, SessionGoneError } from "../errors.js";
import { hasBegun } from "../http/before-response.js";
import { isAddressLost } from "../http/client.js";
import { isUpgrade } from "../http/upgrade.js";
import { SessionLimitError } from "../refusals.js";
import type { Restored } from "../remember/remember.js";
import { type RememberedTime, restoredFields } from "../remember/remembered-login.js";
import type { SessionAuth } from "../session/auth.js";
import type { LoadedUser, RequestContext } from "./request-context.js";
import { missingIn } from "./required-methods.js";
import { verifyRemembered } from "./verify.js";

/** How many times a restore is tried while other requests change the browser's record. */
const MAX_TRIES = 5;

/**
 * The outcome of a restore; "again" if another request changed the browser's record, so the restore must be repeated.
 */
type Outcome = "restored" | "refused" | "gone" | "again";

/**
 * Restores the login of the request's remember cookie, if the cookie is valid.
 *
 * Why it needs its four store calls: it reads the browser's record to judge the token and to find the user, before
 * anything ends. It destroys the browser's previous session, which no cookie ends. It updates the record: of concurrent
 * requests, only one uses up the token. It creates the session last, so that there is never one that no record names.
 *
 * @param context the context of the request; if undefined, the login is valid for this request only
 */
export async function restoreLogin(
  core: Core,
  req: Request,
  context: RequestContext | undefined,
): Promise<LoadedUser | undefined> {
  if (!core.userLoader || !core.remember.isIn(req) || isAddressLost(req)) return undefined;
  if (context && !context.session.use()) return undefined;
  for (let tried = 1; tried <= MAX_TRIES; tried++) {
    const loaded = await tryRestore(core, req, context);
    if (loaded !== "again") return loaded;
  }
  throw contended("the record of a browser");
}

async function tryRestore(
  core: Core,
  req: Request,
  context: RequestContext | undefined,
): Promise<LoadedUser | "again" | undefined> {
  const { remember, events } = core;
  // If the browser cannot get a new session id, the login is valid for this request only.
  const deliverable = context && !isUpgrade(req) && context.session.isDeliverable() ? context : undefined;
  const writable = () => (deliverable && !hasBegun(deliverable.res) ? deliverable : undefined);
  const restored = await remember.restore(req, verifyRemembered(core, req), () => !writable());
  const open = writable();
  if (restored === null && open) remember.forget(req, open.res);
  if (restored === null || restored === "inactive") return undefined;
  const { user, userId, loginId, series, issued, commit, restoredElsewhere } = restored;
  const login = { userId, loginId, freshAt: null, remembered: true, series };
  const auth = newAuth(core, user, { req, ...login, ...restoredFields(restored.login), continued: restored.login });
  if (issued && open) remember.set(req, open.res, issued);
  const isSaved = open && commit;
  const link = await linkRestored(core, auth, restored);
  if (link === "ended") {
    await remember.end(series);
    if (open) remember.forget(req, open.res);
    return undefined;
  }
  const outcome = isSaved ? await restoreIntoSession(open, auth, commit, link) : await restoreOnce(core, auth);
  if (outcome === "again") return "again";
  if (outcome === "refused") events.emit("loginRefused", { req, user });
  if (outcome !== "restored") return undefined;
  if (context && restoredElsewhere && context.session.isUnsaved) context.session.restoredElsewhere = true;
  events.emit("loadedFromCookie", { req, user });
  const missing = await missingIn(core, req, user, auth);
  const once = isSaved ? {} : { once: auth };
  return missing.length === 0
    ? { user, authenticated: true, ...once }
    : { user, authenticated: false, missing, ...once };
}

/** Links a restored login. The login ends if the store has changed since then, and the new one cannot link it. */
async function linkRestored(
  core: Core,
  auth: SessionAuth,
  { duration, until }: RememberedTime,
): Promise<ExternalLink | undefined | "ended"> {
  try {
    const link = await core.externalLogins?.link(auth, core.options.refreshEachRequest ? Date.now() + duration : until);
    return (await link?.isEnded()) ? "ended" : link;
  } catch (error) {
    if (isLatchkeyError(error, "unsupported_by_store")) return "ended";
    throw error;
  }
}

/** Restores a login for this request only. */
async function restoreOnce(core: Core, auth: SessionAuth): Promise<Outcome> {
  return (await hasRoom(core, auth)) ? "restored" : "refused";
}

/** Saves a restored login in a new session, which becomes the only session of its browser. */
async function restoreIntoSession(
  context: RequestContext,
  auth: SessionAuth,
  commit: NonNullable<Restored["commit"]>,
  link: ExternalLink | undefined,
): Promise<Outcome> {
  const { core, req, res, session } = context;
  let isUsedUp = false;
  let taken: string | null = null;
  const name = async (recordId: string | null) => {
    if (taken !== null && auth.series !== null) {
      // The id of the previous try was taken: another session has it, or another request ended the new session before
      // it was created.
      await core.remember.moveTo(auth.series, null, { instead: taken });
      isUsedUp = true;
    }
    const committed = isUsedUp ? null : await commit(recordId);
    isUsedUp = committed === null;
    if (!committed) throw new Error("another request has used up the token");
    taken = recordId;
    // The browser needs the new cookie even if the session cannot be created, because the token of its old cookie is
    // used up.
    if (committed.issued && !hasBegun(res)) core.remember.set(req, res, committed.issued);
  };
  try {
    const limit = await underLimit(core, session, auth);
    const owner = context.sessionAuth?.userId ?? auth.userId;
    const values = owner === auth.userId ? session.values() : {};
    const admit = async () => {
      if (await link?.isEnded()) throw new SessionGoneError();
      await limit.admit?.();
    };
    await session.regenerate({ ...limit, values, auth, name, admit });
    await core.devices?.offer(context);
    return "restored";
  } catch (error) {
    if (isUsedUp) return "again";
    if (error instanceof SessionLimitError) return "refused";
    if (error instanceof SessionGoneError) return "gone";
    throw error;
  }
}
