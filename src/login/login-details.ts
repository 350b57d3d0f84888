import type { Core } from "../core.js";
import { unexpected } from "../errors.js";
import { isObject, type JsonObject } from "../json.js";
import type { ExternalLogin } from "../login-fields/external-login.js";
import { checkLabel } from "../login-fields/label.js";
import { required } from "../options/part.js";
import { kindOf } from "../text.js";

/** What the application says about a login. */
export interface LoginDetails {
  label?: string;
  data?: JsonObject;
}

/** The maximum length of the data as JSON, in bytes. It must also fit into a stateless remember cookie. */
const LONGEST_DATA = 1024;

/**
 * Checks the options of `loginUser` that describe the login.
 *
 * @throws LabelError if the label is invalid
 * @throws OptionError if the data is not an object of JSON values, or is too long
 */
export function checkDetails({ label, data }: { label?: unknown; data?: unknown }): LoginDetails {
  return {
    ...(label !== undefined && { label: checkLabel(label) }),
    ...(data !== undefined && { data: checkData(data) }),
  };
}

/**
 * Checks the option `external` of `loginUser` and `confirmLogin`.
 *
 * @throws OptionError if it is invalid, or if the manager does not have the option `externalLogins`
 */
export function checkExternal({ externalLogins }: Core, external: unknown): ExternalLogin | undefined {
  return external === undefined ? undefined : required(externalLogins, "externalLogins", "`external`").check(external);
}

function checkData(data: unknown): JsonObject {
  if (!isPlain(data)) throw unexpected("data", "an object of JSON values", kindOf(data));
  assertJson("data", data);
  const text = JSON.stringify(data);
  const length = Buffer.byteLength(text);
  if (length <= LONGEST_DATA) return JSON.parse(text) as JsonObject;
  throw unexpected("data", `at most ${LONGEST_DATA} bytes as JSON`, length);
}

function assertJson(path: string, value: unknown): void {
  if (value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value)) return;
  const isCircle = path.length > LONGEST_DATA; // the path of a value in data that is short enough is shorter
  if (isCircle || !(Array.isArray(value) || isPlain(value))) {
    throw unexpected(path.slice(0, 100), "a JSON value", isCircle ? "a circle" : kindOf(value));
  }
  for (const [key, inner] of Object.entries(value)) assertJson(`${path}.${key}`, inner);
}

function isPlain(value: unknown): value is object {
  return isObject(value) && !("toJSON" in value) && !(Symbol.iterator in value);
}
