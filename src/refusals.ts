import { LatchkeyError } from "./errors.js";

/** Nobody is logged in, but the route or the function requires a login. */
export class LoginRequiredError extends LatchkeyError {
  constructor(message = "You need to log in.") {
    super("login_required", 401, message);
  }
}

/** A user is logged in, but the credentials were not checked recently enough. */
export class FreshLoginRequiredError extends LatchkeyError {
  constructor() {
    super("fresh_login_required", 403, "You need to confirm your login.");
  }
}

/**
 * The user must use a method, such as a second factor. The status is 401 if the login is not complete, because
 * `requiredMethods` requires the method. It is 403 if the user is logged in, and only the route requires the method.
 */
export class MethodRequiredError extends LatchkeyError {
  constructor(
    /** The methods that the user must use. */
    readonly methods: readonly string[],
    status: 401 | 403,
  ) {
    super("method_required", status, "You need to confirm that it is you.");
  }
}

/** A user is logged in, but has none of the roles. */
export class RoleRequiredError extends LatchkeyError {
  constructor() {
    super("role_required", 403, "You are not allowed to do this.");
  }
}

/** An administrator acts as the user, and only the user may do this. */
export class ImpersonatingError extends LatchkeyError {
  constructor() {
    super("impersonating", 403, "You cannot do this while you act as another user.");
  }
}

/** A page of another origin sent the request. */
export class CrossOriginError extends LatchkeyError {
  constructor() {
    super("cross_origin", 403, "A page of another site sent this request, so it was refused.");
  }
}

/** The user has as many logins as `maxSessions` allows, and `onLimit` is `"refuse"`. */
export class SessionLimitError extends LatchkeyError {
  constructor(
    /** The option `maxSessions`. */
    readonly maxSessions: number,
  ) {
    super("session_limit", 403, `You are logged in ${maxSessions} times already. Log out elsewhere first.`);
  }
}

/** `confirmLogin` was called with the credentials of another user, or of nobody. */
export class OtherUserError extends LatchkeyError {
  constructor() {
    super("other_user", 403, "These are not the credentials of the user who is logged in.");
  }
}
