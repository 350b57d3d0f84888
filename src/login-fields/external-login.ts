import { type Check, checkEach, group } from "../checks.js";
import { OptionError } from "../errors.js";
import { isPlainText, kindOf } from "../text.js";

/** The login at an identity provider, with the ids in the provider's ID token. (OpenID Connect) */
export interface ExternalLogin {
  /** The provider, from the claim `iss`. */
  issuer: string;
  /** The provider's id of the user, from the claim `sub`. */
  sub: string;
  /** The provider's id of its own session with the browser, from the claim `sid`, if the ID token has one. */
  sid?: string | undefined;
}

/** Which logins to end: those with this `sid`, with this `sub`, or with both. */
export interface ExternalIds {
  sid?: string | undefined;
  sub?: string | undefined;
}

/** The maximum number of characters of each id. OpenID Connect Core 1.0 has the same limit for `sub`. */
const MOST = 255;

const checkId: Check = (option, value) => {
  if (isId(value)) return;
  const given = typeof value === "string" ? `a string of ${value.length} characters` : kindOf(value);
  throw new OptionError(option, `expected a string of 1 to ${MOST} characters without NUL, not ${given}`);
};
const checkIds = { sub: checkId, sid: checkId };
const checkExternal = group({ issuer: checkId, ...checkIds });

/** Returns a copy of the option. @throws OptionError if it is not a valid ExternalLogin */
export function externalFrom(value: unknown): ExternalLogin | undefined {
  if (value === undefined) return undefined;
  checkExternal("external", value);
  const { issuer, sub, sid } = value as ExternalLogin;
  checkEach("external.", { issuer: checkId, sub: checkId }, { issuer: issuer ?? null, sub: sub ?? null });
  return { issuer, sub, ...(sid !== undefined && { sid }) };
}

/** Checks the arguments of `revokeExternal`. @throws OptionError if one is invalid, or if there is no id */
export function checkExternalIds(issuer: unknown, ids: unknown): void {
  checkId("issuer", issuer);
  group(checkIds)("ids", ids);
  const { sub, sid } = ids as ExternalIds;
  if (sub === undefined && sid === undefined)
    throw new OptionError("ids", "expected sid, sub or both, but has neither");
}

/** Could `externalFrom` have returned this value, apart from fields that a later version has added? */
export function isExternal(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { issuer, sub, sid } = value as Record<string, unknown>;
  return isId(issuer) && isId(sub) && (sid === undefined || isId(sid));
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MOST && isPlainText(value);
}
