import type { Request } from "express";
import type { Core } from "../core.js";
import type { ImpersonationEnd } from "../events.js";
import type { SessionAuth } from "../session/auth.js";

/** Is this one of the two logins of an impersonation? */
export function isLinked({ impersonator, parked }: Pick<SessionAuth, "impersonator" | "parked">): boolean {
  return impersonator !== undefined || parked !== undefined;
}

/**
 * Ends the other login of an impersonation, after this login has ended. Does nothing if the login belongs to no
 * impersonation.
 */
export async function endLinked(core: Core, auth: SessionAuth, reason: ImpersonationEnd, req?: Request): Promise<void> {
  const { impersonator, parked } = auth;
  const other = impersonator ?? parked;
  if (!other) return;
  const isEnded = (await core.store?.destroy(other.session)) !== null;
  if (impersonator) emitEnd(core, { user: auth, impersonator, reason, req });
  else if (isEnded) emitEnd(core, { user: other, impersonator: auth, reason, req });
}

/** The two logins of an impersonation, and why it ended. */
interface Ended {
  user: Pick<SessionAuth, "userId" | "loginId">;
  impersonator: Pick<SessionAuth, "userId">;
  reason: ImpersonationEnd;
  req?: Request | undefined;
}

/** Emits the event that an impersonation has ended. */
export function emitEnd({ events }: Core, { user, impersonator, reason, req }: Ended): void {
  const { userId, loginId } = user;
  const details = { userId, impersonatorId: impersonator.userId, loginId, reason };
  events.emit("impersonationEnded", req ? { req, ...details } : details);
}
