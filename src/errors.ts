import { isObjectOrArray } from "./objects.js";

/** Marks the errors of every copy of this package. */
const ERROR = Symbol.for("latchkey.error");

/**
 * The base class of every error that latchkey throws on purpose.
 *
 * `code` is stable across releases: compare it, not the message. Express reads `status`, and routing-controllers reads
 * `httpCode`. Both are always equal.
 */
export class LatchkeyError extends Error {
  /** The HTTP status of the response to this error. */
  readonly status: number;
  /** The same number as `status`, under the name that routing-controllers reads. */
  readonly httpCode: number;
  /** Response headers. Express's final handler copies them to the response. */
  declare readonly headers?: Readonly<Record<string, string>>;

  constructor(
    /** A stable, machine-readable name of this kind of error. */
    readonly code: string,
    status: number,
    message: string,
    options?: ErrorOptions & { headers?: Readonly<Record<string, string>> },
  ) {
    super(message, options);
    this.name = new.target.name;
    this.status = status;
    this.httpCode = status;
    if (options?.headers) this.headers = options.headers;
  }

  static {
    Object.defineProperty(LatchkeyError.prototype, ERROR, { value: true });
  }
}

/**
 * Is this one of latchkey's errors? It also recognizes the errors of another copy of the package, for which
 * `instanceof` is false.
 *
 * @param code if given, only an error with this `code` matches, for example `"store_unavailable"`
 */
export function isLatchkeyError(error: unknown, code?: string): error is LatchkeyError {
  if (!isObjectOrArray(error) || !(ERROR in error)) return false;
  return code === undefined || ("code" in error && error.code === code);
}

/** An option or argument is missing, unknown or malformed. It is thrown before anything else is done. */
export class OptionError extends LatchkeyError {
  constructor(
    /** The option's path, such as `remember.duration`. */
    readonly option: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super("invalid_option", 500, `${option}: ${message}`, options);
  }
}

/** The error for an option or argument whose value is not what it must be. `given` must not contain a secret. */
export function unexpected(option: string, expected: string, given: string | number): OptionError {
  return new OptionError(option, `expected ${expected}, not ${given}`);
}

/**
 * The LoginManager cannot load a user: it has no `userLoader`, or it has neither a `userLoader` nor a `requestLoader`.
 */
export class LoaderMissingError extends LatchkeyError {
  constructor(needed: "userLoader" | "userLoader or requestLoader") {
    super("loader_missing", 500, `no ${needed} was given to the LoginManager, so no user can be loaded`);
  }
}

/** The request did not pass `login.init(app)`, `login.middleware()` or a session middleware. */
export class MiddlewareMissingError extends LatchkeyError {
  constructor(message: string) {
    super("middleware_missing", 500, message);
  }
}

/**
 * `currentUser()`, or another function with an optional request, was called without a request. But the response of the
 * request in the current context had already ended.
 */
export class RequestEndedError extends LatchkeyError {
  constructor(form: string) {
    super(
      "request_ended",
      500,
      `this runs in the context of a request whose response has ended, so pass the request: ${form}. Callbacks of timers ` +
        "and connection pools run in the context of the request that started them",
    );
  }
}

/**
 * `getId()`, `id` or the option `userId` returned something that cannot identify a user; or `userLoader` returned
 * something other than the requested user.
 */
export class UserIdError extends LatchkeyError {
  constructor(message: string, options?: ErrorOptions) {
    super("invalid_user_id", 500, message, options);
  }
}

/** A login cannot reach the browser, because the cookie is Secure and the connection is not. */
export class InsecureConnectionError extends LatchkeyError {
  constructor(cookie: string) {
    super(
      "insecure_connection",
      500,
      `the cookie ${cookie} is Secure, but this request did not use HTTPS, so the browser would not store it. Behind a ` +
        'proxy, call app.set("trust proxy", ...). Without HTTPS, set cookie.secure to "auto" or false',
    );
  }
}

/** A function that must set cookies was called after the response had begun. */
export class ResponseStartedError extends LatchkeyError {
  constructor(verb: string) {
    super(
      "response_started",
      500,
      `${verb} ran after the response had begun, when cookies can no longer be set. Is an await missing before it?`,
    );
  }
}

/**
 * The store failed or did not respond within `storeTimeout`. latchkey does not treat the user as anonymous in this
 * case.
 */
export class StoreUnavailableError extends LatchkeyError {
  constructor(message: string, options?: ErrorOptions) {
    super("store_unavailable", 503, message, {
      ...options,
      headers: { "Retry-After": "5", "Cache-Control": "no-store" },
    });
  }
}

/** The error for a record that other requests kept changing. */
export function contended(what: string): StoreUnavailableError {
  return new StoreUnavailableError(`${what} could not be written, because other requests kept changing it`);
}

/** `SessionStore.create` was called with an id that already exists. */
export class SessionExistsError extends LatchkeyError {
  constructor() {
    super("session_exists", 500, "a session with this id already exists");
  }
}

/**
 * A store has a record that it cannot decode. latchkey treats the record as absent, and emits the event
 * `recordDamaged`.
 */
export class RecordDamagedError extends LatchkeyError {
  constructor() {
    super("record_damaged", 500, "the store has a record that cannot be read");
  }
}

/** The session was ended by a logout, a revocation or a timeout while this request was using it. */
export class SessionGoneError extends LatchkeyError {
  constructor() {
    super("session_gone", 401, "the session was ended while this request was using it; nothing was saved");
  }
}

/** The application put a value into the session that cannot be stored as JSON. Nothing was saved. */
export class SessionValueError extends LatchkeyError {
  constructor(
    /** The key of `req.session`. */
    readonly key: string,
    cause: unknown,
  ) {
    super("unserializable_session", 500, `req.session[${JSON.stringify(key)}] cannot be stored as JSON`, { cause });
  }
}

/**
 * The label of a login is invalid. It must be a string of 1 to 100 characters, without control characters, and at least
 * one character must be visible.
 */
export class LabelError extends LatchkeyError {
  constructor(given: string) {
    super("invalid_label", 400, `A label must have 1 to 100 characters and no control characters. This is ${given}.`);
  }
}

/**
 * The store does not support the operation. The documentation of `latchkey/stores/express-session` lists the
 * unsupported operations.
 */
export class UnsupportedByStoreError extends LatchkeyError {
  constructor(verb: string, reason: string) {
    super("unsupported_by_store", 501, `this session store has no ${verb}: ${reason}`);
  }
}
