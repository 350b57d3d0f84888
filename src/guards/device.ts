import { DeviceRequiredError } from "./device-required-error.js";
import type { Requirement } from "./guards.js";

/** Requires a login that is bound to a device, and a request with the valid cookie of this device. */
export const DEVICE_BOUND: Requirement = {
  roles: [],
  deviceBound: ({ devices }, req, login) => (devices?.isShown(req, login) ? null : new DeviceRequiredError()),
};
