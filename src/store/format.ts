import { isObject, type JsonObject } from "../json.js";
import { only } from "../objects.js";

/**
 * The version of the format of logins and of remembered browsers, in the field `v` of both. New fields do not raise it:
 * versions that do not know a field keep it as it is. docs/upgrading.md has the rules.
 */
export const FORMAT = 1;

/** Could this version have written the value? Undefined stands for a missing field. */
type Check = (value: unknown) => boolean;

type LoginField =
  | "v"
  | "userId"
  | "loginId"
  | "loginAt"
  | "freshAt"
  | "remembered"
  | "fingerprint"
  | "stamp"
  | "series"
  | "address"
  | "userAgent";

type OptionalLoginField =
  | "label"
  | "labeledAt"
  | "data"
  | "methods"
  | "earlierMethods"
  | "pending"
  | "pendingUntil"
  | "rememberFor"
  | "imported"
  | "external"
  | "realm"
  | "impersonator"
  | "parked"
  | "device";

type BrowserField =
  | "v"
  | "loginId"
  | "stamp"
  | "sessions"
  | "duration"
  | "until"
  | "generation"
  | "fingerprint"
  | "address"
  | "userAgent";

const isFormat: Check = (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= FORMAT;
const isText: Check = (value) => typeof value === "string";
const isTextOrNull: Check = (value) => value === null || isText(value);
const isNumber: Check = (value) => Number.isFinite(value);
const isNumberOrNull: Check = (value) => value === null || isNumber(value);
const isMethods: Check = (value) => isObject(value) && Object.values(value).every(isNumber);
const isTextOrAbsent: Check = (value) => value === undefined || isText(value);
const isExternal: Check = (value) =>
  isObject(value) && [value.issuer, value.sub].every(isText) && isTextOrAbsent(value.sid);
/** The other login of an impersonation. */
const isOther: Check = (value) => isObject(value) && [value.userId, value.loginId, value.session].every(isText);
const isParked: Check = (value) => isOther(value) && isTime((value as JsonObject).remember);
const isTime: Check = (value) =>
  value === undefined || (isObject(value) && [value.duration, value.until].every(isNumber));

/** The fields of a login that this version knows, and that every login has. */
export const LOGIN_FIELDS: Readonly<Record<LoginField, Check>> = {
  v: isFormat,
  userId: isText,
  loginId: isText,
  loginAt: isNumber,
  freshAt: isNumberOrNull,
  remembered: (value) => typeof value === "boolean",
  fingerprint: isTextOrNull,
  stamp: isTextOrNull,
  series: isTextOrNull,
  address: isTextOrNull,
  userAgent: isTextOrNull,
};

/** The other fields of a login that this version knows. */
export const OPTIONAL_LOGIN_FIELDS: Readonly<Record<OptionalLoginField, Check>> = {
  methods: isMethods,
  earlierMethods: isMethods,
  pending: (value) => value === true,
  pendingUntil: isNumber,
  rememberFor: isNumber,
  imported: isText,
  external: isExternal,
  realm: isText,
  impersonator: isOther,
  parked: isParked,
  device: isObject,
  label: isText,
  labeledAt: isNumber,
  data: isObject,
};

/** The optional fields that a login keeps in each of its sessions, and in the record of its browser. */
const LASTING_FIELDS: ReadonlySet<string> = new Set<OptionalLoginField>([
  "external",
  "label",
  "labeledAt",
  "data",
  "device",
]);

/** The fields of a remembered browser that this version knows, and that every one has. */
export const BROWSER_FIELDS: Readonly<Record<BrowserField, Check>> = {
  v: isFormat,
  loginId: isText,
  stamp: isTextOrNull,
  sessions: (value) => Array.isArray(value) && value.every(isText),
  duration: isNumber,
  until: isNumber,
  generation: isNumber,
  fingerprint: isTextOrNull,
  address: isTextOrNull,
  userAgent: isTextOrNull,
};

/** The other fields of a remembered browser that this version knows. `login` has some fields of the login. */
export const OPTIONAL_BROWSER_FIELDS: Readonly<Record<"login", Check>> = {
  login: (value) => hasFields(value, {}, OPTIONAL_LOGIN_FIELDS),
};

/** The fields of an alias. */
export const ALIAS_FIELDS: Readonly<Record<"v" | "ended", Check>> = {
  v: isFormat,
  ended: (value) => Number.isSafeInteger(value),
};

/** Is the value an object with these fields? It may have others, which a later version has added. */
export function hasFields(
  value: unknown,
  fields: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>>,
): value is JsonObject {
  if (!isObject(value)) return false;
  for (const name in fields) if (!fields[name]!(value[name])) return false;
  for (const name in optional) if (value[name] !== undefined && !optional[name]!(value[name])) return false;
  return true;
}

/** Returns the fields that this version does not know, because a later version has added them. */
export function unknownFields(value: object, known: object): JsonObject {
  return only(value, (name) => !Object.hasOwn(known, name)) as JsonObject;
}

/** Returns the fields that a login keeps in each of its sessions, from a login or from a browser's record. */
export function lastingFields(value: object): JsonObject {
  return only(value, (name) => LASTING_FIELDS.has(name)) as JsonObject;
}
