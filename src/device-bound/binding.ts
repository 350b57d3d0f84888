import type { Core } from "../core.js";
import { Keyring } from "../crypto/keys.js";
import { parseDuration } from "../duration.js";
import { OptionError } from "../errors.js";
import type { ResolvedCookie } from "../http/cookies/attributes.js";
import { originsIn, webOrigin } from "../http/origin.js";
import type { DeviceBinding } from "../options/devices.js";
import type { ResolvedOptions } from "../options/resolved-options.js";
import { isComplete } from "../store/check-store.js";
import { BoundLogins } from "./bound-logins.js";
import { checkOptions, type DeviceBoundOptions } from "./options.js";
import { newProtocol } from "./protocol.js";

/** The value of the option `deviceBound`. */
export class Binding implements DeviceBinding {
  readonly part = "deviceBound";
  readonly cookieMaxAge: number;
  readonly path: string | undefined;
  readonly register: boolean;
  readonly trustedOrigins: readonly string[];

  constructor(options: DeviceBoundOptions) {
    checkOptions(options);
    this.cookieMaxAge = parseDuration("deviceBound.cookieMaxAge", options.cookieMaxAge ?? "10m");
    this.path = options.path;
    this.register = options.register ?? true;
    this.trustedOrigins = originsIn("deviceBound.trustedOrigins", options.trustedOrigins ?? [], webOrigin);
    Object.freeze(this);
  }

  /** @throws OptionError if logins cannot be bound with the options of the manager */
  create(core: Core, secrets: readonly string[]): BoundLogins {
    const { options } = core;
    checkRecords(options);
    checkCookie("session", options.sessionCookie, options.sessionCookieOf);
    checkCookie("remember", options.rememberCookie, options.rememberCookieOf);
    const path = this.path ?? defaultPath(options);
    for (const { name, path: covered } of [options.sessionCookie, options.rememberCookie]) {
      if (`${path}/`.startsWith(covered.replace(/\/?$/, "/"))) continue;
      throw new OptionError("deviceBound.path", `${path} must be below ${covered}, the path of the cookie ${name}`);
    }
    const keys = (purpose: string) => new Keyring(secrets, purpose, options.realm);
    const { cookieMaxAge: maxAge, register: registers, trustedOrigins } = this;
    return new BoundLogins(core, newProtocol(core, keys, { path, maxAge, trustedOrigins }), registers);
  }
}

function defaultPath({ sessionCookie, realm }: ResolvedOptions): string {
  return `${sessionCookie.path.replace(/\/$/, "")}/${realm && `${realm}-`}device-bound`;
}

/** Without records of browsers, a thief could log in with a copied remember cookie. */
function checkRecords({ store, rememberMode }: ResolvedOptions): void {
  if (store && !isComplete(store)) {
    const lacked = store.lacks!.join(" and ");
    throw new OptionError("deviceBound", `needs a store with all abilities; the store lacks ${lacked}`);
  }
  if (rememberMode === "stateless") {
    throw new OptionError("deviceBound", 'needs the option remember.mode "persistent", not "stateless"');
  }
}

function checkCookie(group: "session" | "remember", { secure, domain }: ResolvedCookie, attributesOf: unknown): void {
  if (attributesOf) {
    throw new OptionError(`${group}.cookie`, "deviceBound needs an object, not a function of the request");
  }
  if (secure !== true) {
    throw new OptionError(`${group}.cookie.secure`, `deviceBound needs true and HTTPS, not ${JSON.stringify(secure)}`);
  }
  if (domain !== undefined) {
    throw new OptionError(`${group}.cookie.domain`, "deviceBound needs a cookie without a domain, for one host");
  }
}
