import type { RequestHandler } from "express";
import { contextOf } from "../current/request-context.js";
import { DEVICE_BOUND } from "../guards/device.js";
import { checkCalled, guard } from "../guards/guards.js";
import { insideOf, type LoginManager } from "../manager/login-manager.js";
import type { DeviceBinding } from "../options/devices.js";
import { Binding } from "./binding.js";
import type { DeviceBoundOptions } from "./options.js";

export { DeviceRequiredError } from "../guards/device-required-error.js";
export type { DeviceBoundOptions } from "./options.js";

/**
 * Binds logins to the devices of their browsers, so that copies of their cookies do not work on other devices. It is
 * experimental. (Device Bound Session Credentials, W3C working draft)
 *
 * After a login, a browser that supports this creates a key pair and registers the public key; the private key stays in
 * the hardware of the device. From then on, the login needs a second cookie, which is valid for ten minutes. To get the
 * next one, the browser signs a challenge. Logins of all other browsers work as before.
 *
 * @returns the value for the option `deviceBound` of a LoginManager. The manager throws OptionError if its cookies are
 * not Secure, if they are not limited to one host, or if its store or its remember mode has no records of browsers.
 * @throws OptionError if an option is invalid
 */
export function deviceBound(options: DeviceBoundOptions = {}): DeviceBinding {
  return new Binding(options);
}

/**
 * Requires a logged-in user whose login is bound to a device, and refuses others with status 403, or with the handler
 * `onForbidden`. A browser needs a moment after the login until its key is registered.
 *
 * @param login the manager whose users may pass; by default, the first manager of the request
 */
export function deviceBoundRequired(login?: LoginManager<never, never> | LoginManager<object, object>): RequestHandler;
export function deviceBoundRequired(...given: unknown[]): RequestHandler {
  checkCalled(given, "deviceBoundRequired()");
  const [login] = given as [LoginManager<object, object>?];
  return login ? guard(DEVICE_BOUND, (req) => contextOf(req, insideOf(login).core)) : guard(DEVICE_BOUND);
}
