import { LatchkeyError } from "../errors.js";

/** A user is logged in, but the login is not bound to a device, and the route requires that. */
export class DeviceRequiredError extends LatchkeyError {
  constructor() {
    super("device_required", 403, "This needs a login that is bound to your device.");
  }
}
