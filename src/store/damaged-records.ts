import { isObject, type JsonObject } from "../json.js";
import {
  ALIAS_FIELDS,
  BROWSER_FIELDS,
  hasFields,
  LOGIN_FIELDS,
  OPTIONAL_BROWSER_FIELDS,
  OPTIONAL_LOGIN_FIELDS,
} from "./format.js";
import type { SessionRecord } from "./session-store.js";

/**
 * Could this version have written the record, apart from fields that it does not know? A record whose format is newer
 * counts as damaged. If this version does not know the kind, only the parts that every record has are checked.
 */
export function isWhole(record: SessionRecord): boolean {
  const { kind, data, createdAt, lastSeenAt, expiresAt, revision } = record;
  if (!isObject(data) || ![createdAt, lastSeenAt, expiresAt, revision].every(Number.isFinite)) return false;
  if (kind === "session") return isSession(record);
  if (kind === "browser") return record.userId !== null && hasFields(data, BROWSER_FIELDS, OPTIONAL_BROWSER_FIELDS);
  if (kind === "alias") return hasFields(data, ALIAS_FIELDS, {});
  return true;
}

/** Could this version have written the login, apart from fields that it does not know? */
export function isLogin(auth: unknown): auth is JsonObject {
  return hasFields(auth, LOGIN_FIELDS, OPTIONAL_LOGIN_FIELDS);
}

function isSession({ userId, data: { auth } }: SessionRecord): boolean {
  return auth === undefined ? userId === null : userId !== null && isLogin(auth) && auth.userId === userId;
}
