import { LatchkeyError } from "../errors.js";

/** `impersonate` was called with a user as whom nobody can act: the current user, or a user who is not active. */
export class ImpersonationRefusedError extends LatchkeyError {
  constructor(message: string) {
    super("impersonation_refused", 403, message);
  }
}
