import { randomBytes } from "node:crypto";
import type { Request } from "express";
import type { Core } from "../core.js";
import type { JsonObject } from "../json.js";
import type { ExternalLogin } from "../login-fields/external-login.js";
import type { Methods } from "../login-fields/methods.js";
import { continuedFields, type SessionAuth } from "../session/auth.js";
import { FORMAT } from "../store/format.js";

/** The inputs for a new login. */
export interface NewLogin {
  /** The request of the client that the login is bound to. Without a request, the login is not bound to a client. */
  req?: Request | undefined;
  userId: string;
  loginId: string;
  /** When credentials were checked; null if they were not. */
  freshAt: number | null;
  remembered: boolean;
  series: string | null;
  methods?: Methods;
  earlierMethods?: Methods;
  external?: ExternalLogin;
  label?: string;
  data?: JsonObject;
  /** The login that this one continues. Its label, its data, and the fields that this version does not know are kept. */
  continued?: object | undefined;
}

/** Returns a new login of a user, as the session stores it. */
export function newAuth(
  { options, stamps, clients }: Core,
  user: object,
  { req, continued, ...login }: NewLogin,
): SessionAuth {
  return {
    ...(continued && continuedFields(continued)),
    v: FORMAT,
    ...login,
    loginAt: Date.now(),
    fingerprint: req && options.sessionProtection ? clients.hashOf(login.loginId, req) : null,
    stamp: stamps.of(login.userId, user),
    ...clients.shown(req),
  };
}

/** Returns a new login id. */
export function newLoginId(): string {
  return randomBytes(16).toString("base64url");
}
