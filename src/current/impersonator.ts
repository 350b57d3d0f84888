import type { Request } from "express";
import type { Core } from "../core.js";
import { ageOf } from "../instants.js";
import type { OtherLogin, SessionAuth } from "../session/auth.js";
import type { SessionState } from "../session/snapshot.js";
import { isAuthenticatedUser } from "../user.js";
import { userById } from "./loaded-user.js";
import { missingIn } from "./required-methods.js";

/** The session of an administrator who acts as a user, and the login in it. */
export interface ParkedSession {
  state: SessionState;
  auth: SessionAuth;
}

/** Resolves with the administrator's session; null if it has ended. */
export async function parkedSession(core: Core, { session, loginId }: OtherLogin): Promise<ParkedSession | null> {
  const state = await core.records?.find("", session); // its cookie is unknown, so only the record's id finds it
  const auth = state?.record?.data.auth as unknown as SessionAuth | undefined;
  return state && auth?.loginId === loginId ? { state, auth } : null;
}

/**
 * Resolves with the administrator who acts as a user, if the administrator's login is still valid and complete.
 * Otherwise, resolves with null. Updates the last use of the administrator's session.
 */
export async function impersonatorIn(core: Core, req: Request, login: OtherLogin): Promise<object | null> {
  const parked = await parkedSession(core, login);
  if (!parked) return null;
  const { state, auth } = parked;
  if (!(ageOf(auth.loginAt) < core.options.absoluteTimeout)) return null;
  const user = await userById(core, req, auth.userId);
  if (!user || !isAuthenticatedUser(user)) return null;
  if (core.stamps.check(auth.stamp, auth.userId, user) === undefined) return null;
  if ((await missingIn(core, req, user, auth)).length > 0) return null;
  core.records?.noteUse(state);
  return user;
}
