import type { Request } from "express";
import { newAuth, newLoginId } from "../active-sessions/new-login.js";
import type { Core } from "../core.js";
import { userById } from "../current/loaded-user.js";
import type { SessionAuth } from "../session/auth.js";

/**
 * Returns a login for the user of a session of the application's earlier express-session. It is not fresh, because
 * nobody knows when credentials were checked. Returns null if the user does not exist.
 */
export async function importedLogin(core: Core, req: Request, userId: string): Promise<SessionAuth | null> {
  const user = await userById(core, req, userId);
  if (!user) return null;
  core.devices?.noteImport(req);
  const login = { req, userId, loginId: newLoginId(), freshAt: null, remembered: false, series: null };
  return newAuth(core, user, login);
}
