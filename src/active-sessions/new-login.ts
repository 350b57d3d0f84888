import { randomBytes } from "node:crypto";
import type { Request } from "express";
import type { Core } from "../core.js";
import { clientOf } from "../http/client.js";
import type { SessionAuth } from "../session/auth.js";

/** What is decided of a new login; the rest follows. */
export interface NewLogin {
  /** The client that the login is bound to; none without it. */
  req?: Request | undefined;
  userId: string;
  loginId: string;
  /** When credentials were seen. */
  freshAt: number | null;
  remembered: boolean;
  series: string | null;
}

/** A new login of a user, as the session will keep it. */
export function newAuth({ options, stamps }: Core, user: object, { req, ...login }: NewLogin): SessionAuth {
  return {
    ...login,
    loginAt: Date.now(),
    fingerprint: req && options.sessionProtection ? options.fingerprint(req) : null,
    stamp: stamps.of(login.userId, user),
    ...clientOf(req),
  };
}

/** A name for a login. */
export function newLoginId(): string {
  return randomBytes(16).toString("base64url");
}
