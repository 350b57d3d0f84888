import type { Request } from "express";
import { endLinked } from "../active-sessions/linked-logins.js";
import type { Core } from "../core.js";
import type { SessionAuth } from "../session/auth.js";
import { isAuthenticatedUser } from "../user.js";
import { userByRequest } from "./loaded-user.js";
import type { LoadedUser, RequestContext } from "./request-context.js";
import { restoreLogin } from "./restore.js";
import { verify } from "./verify.js";

/** The login in the session of a request. */
export interface SessionLogin {
  readonly auth: SessionAuth;
  /** The id of the session's record in the store; null if the session is not in that store. */
  readonly recordId: string | null;
  /** Changes the login in its session. Does nothing if the request must not write. */
  change(changes: Partial<SessionAuth>): void;
  /** Called when the login is valid. */
  noteUse(): void;
  /** Gives the request an empty session, and leaves this one as it is. Undefined if the request must not write. */
  setAside?(): void;
  /** Ends the session. Resolves with true if this call ended it. */
  end(): Promise<boolean>;
}

/**
 * Resolves with the user of a request, or with undefined if nobody is logged in. Tries the session first, then the
 * remember cookie, then the request loader. If the login in the session is not complete, the others are not tried: a
 * restored login would replace it, and the user of the request loader could complete it.
 *
 * @param context the context of the request; undefined if the request must not set cookies or save a session
 */
export async function resolveUser(
  core: Core,
  req: Request,
  login: SessionLogin | undefined,
  context?: RequestContext,
): Promise<LoadedUser | undefined> {
  if (login && !isLapsed(login.auth)) {
    const verdict = await verify(core, req, login.auth, (changes) => login.change(changes));
    if (verdict === null) {
      login.setAside?.(); // otherwise a client with a copied cookie could change its values, and stay unnoticed
      return undefined;
    }
    if (typeof verdict !== "string") {
      login.noteUse();
      const isGivenUp = login.auth.pending && !verdict.missing; // the user is no longer active
      return isGivenUp ? undefined : verdict;
    }
    const isAttack = verdict === "session protection";
    if (isAttack) await core.remember.end(login.auth.series, { kept: login.recordId });
    const isEnded = await login.end();
    if (isAttack && context && !context.res.headersSent) core.remember.forget(req, context.res);
    const { userId, impersonator } = login.auth;
    if (impersonator && isEnded) await endLinked(core, login.auth, verdict, req);
    // If another request has ended the login, it has reported the end.
    if (isEnded) core.events.emit("loginEnded", { req, userId, reason: verdict });
    if (isAttack || impersonator) return undefined; // a page meant for the user must not be the administrator's
  }
  return (await restoreLogin(core, req, context)) ?? (await fromRequest(core, req));
}

/**
 * Is this a pending login that the user can no longer complete? Such a login is treated as absent. Its session is kept,
 * because the session has the application's values of a visitor.
 */
export function isLapsed({ pending, pendingUntil }: SessionAuth): boolean {
  return pending === true && (pendingUntil === undefined || Date.now() >= pendingUntil);
}

async function fromRequest(core: Core, req: Request): Promise<LoadedUser | undefined> {
  const user = await userByRequest(core, req);
  if (!user) return undefined;
  core.events.emit("loadedFromRequest", { req, user });
  return { user, authenticated: isAuthenticatedUser(user) };
}
