import { type Check, checkEach, group } from "../checks.js";
import { OptionError, unexpected } from "../errors.js";
import type { ExternalIds, ExternalLogin } from "../login-fields/external-login.js";
import { isPlainText, kindOf } from "../text.js";

/** The maximum number of characters of each id. OpenID Connect Core 1.0 has the same limit for `sub`. */
const MOST = 255;

const checkId: Check = (option, value) => {
  if (typeof value === "string" && value !== "" && value.length <= MOST && isPlainText(value)) return;
  const given = typeof value === "string" ? `a string of ${value.length} characters` : kindOf(value);
  throw unexpected(option, `a string of 1 to ${MOST} characters without NUL`, given);
};
const checkIds = { sub: checkId, sid: checkId };
const checkExternal = group({ issuer: checkId, ...checkIds });

/** Returns a copy of the option `external`. @throws OptionError if it is not a valid ExternalLogin */
export function externalFrom(value: unknown): ExternalLogin {
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
