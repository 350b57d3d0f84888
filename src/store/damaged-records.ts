import type { JsonObject } from "../json.js";
import type { SessionRecord } from "./session-store.js";

/**
 * Could latchkey have written this record? If this version does not know the kind, it checks only the parts that every
 * record has.
 */
export function isWhole(record: SessionRecord): boolean {
  const { kind, data, createdAt, lastSeenAt, expiresAt, revision } = record;
  if (!isObject(data) || !areNumbers(createdAt, lastSeenAt, expiresAt, revision)) return false;
  if (kind === "session") return isSession(record);
  if (kind === "browser") return isBrowser(record);
  return true;
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
    areTextsOrNull(fingerprint, stamp, series, address, userAgent) &&
    (pending === undefined || pending === true)
  );
}

function isSession({ userId, data: { auth } }: SessionRecord): boolean {
  return auth === undefined ? userId === null : userId !== null && isLogin(auth) && auth.userId === userId;
}

function isBrowser({ userId, data }: SessionRecord): boolean {
  const { loginId, stamp, sessions, duration, until, generation } = data;
  const areNamed = Array.isArray(sessions) && areTexts(...sessions);
  return areNamed && areTexts(userId, loginId) && areTextsOrNull(stamp) && areNumbers(duration, until, generation);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areTexts(...values: unknown[]): boolean {
  return values.every((value) => typeof value === "string");
}

function areTextsOrNull(...values: unknown[]): boolean {
  return values.every((value) => value === null || typeof value === "string");
}

function areNumbers(...values: unknown[]): boolean {
  return values.every(Number.isFinite);
}
