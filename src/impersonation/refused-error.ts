import { LatchkeyError } from "../errors.js";

/** `impersonate` was called with the current user, or with a user who is not active. */
export class ImpersonationRefusedError extends LatchkeyError {
  constructor(message: string) {
    super("impersonation_refused", 403, message);
  }
}
