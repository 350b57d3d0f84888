import type { JsonObject } from "../json.js";
import type { RememberTokenRecord } from "./remember-token-store.js";
import type { SessionRecord } from "./session-store.js";

/** Could latchkey have written this record of a session? */
export function isSession({ userId, data, createdAt, lastSeenAt, expiresAt, revision }: SessionRecord): boolean {
  if (!isObject(data) || !areNumbers(createdAt, lastSeenAt, expiresAt, revision)) return false;
  const { auth } = data;
  return auth === undefined ? userId === null : userId !== null && isLogin(auth) && auth.userId === userId;
}

/** Could latchkey have written this record of a remembered browser? */
export function isBrowser({ userId, tokenHash, data, createdAt, expiresAt }: RememberTokenRecord): boolean {
  if (!isObject(data) || !areNumbers(createdAt, expiresAt)) return false;
  const { loginId, stamp, duration, until, generation } = data;
  return areTexts(userId, tokenHash, loginId) && isTextOrNull(stamp) && areNumbers(duration, until, generation);
}

/** Could latchkey have written this login? */
export function isLogin(auth: unknown): auth is JsonObject {
  if (!isObject(auth)) return false;
  const { userId, loginId, loginAt, freshAt, remembered, fingerprint, stamp, series, address, userAgent, pending } =
    auth;
  return (
    areTexts(userId, loginId) &&
    areNumbers(loginAt) &&
    (freshAt === null || areNumbers(freshAt)) &&
    typeof remembered === "boolean" &&
    isTextOrNull(fingerprint) &&
    isTextOrNull(stamp) &&
    isTextOrNull(series) &&
    isTextOrNull(address) &&
    isTextOrNull(userAgent) &&
    (pending === undefined || pending === "new" || pending === "continued")
  );
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areTexts(...values: unknown[]): boolean {
  return values.every((value) => typeof value === "string");
}

function areNumbers(...values: unknown[]): boolean {
  return values.every(Number.isFinite);
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === "string";
}
