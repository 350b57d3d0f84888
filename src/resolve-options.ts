import type { CookieOptions, ResolvedCookie } from "./cookies.js";
import { parseDuration } from "./duration.js";
import { kindOf, OptionError } from "./errors.js";
import type { LoginManagerOptions, ResolvedOptions } from "./options.js";
import { clientFingerprint } from "./session-protection.js";
import type { SessionStore } from "./session-store.js";
import { AnonymousUser, defaultUserId } from "./user.js";

type Check = (option: string, value: unknown) => void;

const SECRET_LENGTH = 32;
/** Browsers keep no cookie longer than 400 days (RFC 6265bis). */
const LONGEST_COOKIE = 400 * 24 * 60 * 60 * 1000;

const STORE_VERBS: Record<keyof SessionStore, true> = {
  create: true,
  read: true,
  update: true,
  touch: true,
  destroy: true,
  listByUser: true,
  destroyByUser: true,
  prune: true,
};

const OPTIONS: Record<keyof LoginManagerOptions, Check> = {
  secret: checkSecret,
  store: checkStore,
  userLoader: isFunction,
  requestLoader: isFunction,
  anonymousUser: isFunction,
  userId: isFunction,
  roles: isFunction,
  loginView: checkView,
  refreshView: checkView,
  loginMessage: isTextOrNull,
  loginMessageCategory: isText,
  needsRefreshMessage: isTextOrNull,
  needsRefreshMessageCategory: isText,
  localize: isFunction,
  onUnauthorized: isFunction,
  onNeedsRefresh: isFunction,
  onForbidden: isFunction,
  nextIn: oneOf("query", "session"),
  redirectHost: checkHost,
  exemptMethods: checkMethods,
  sessionProtection: oneOf("basic", "strong", false),
  fingerprint: isFunction,
  session: group({ cookie: checkCookie }),
  remember: group({ cookie: checkCookie, duration: checkRememberDuration, refreshEachRequest: isBoolean }),
  idleTimeout: parseDuration,
  absoluteTimeout: parseDuration,
  storeTimeout: parseDuration,
};

const COOKIE: Record<keyof CookieOptions, Check> = {
  name: matches(/^[\w!#$%&'*.^`|~+-]+$/, "a cookie name (RFC 6265: letters, digits and some signs, no spaces)"),
  domain: matches(/^\.?[a-z0-9-]+(\.[a-z0-9-]+)*$/i, "a domain name"),
  path: matches(/^\/[\x21-\x3a\x3c-\x7e]*$/, 'a path that starts with "/"'),
  secure: oneOf(true, false, "auto"),
  httpOnly: isBoolean,
  sameSite: oneOf("lax", "strict", "none"),
};

/**
 * Validates options and fills in the defaults.
 *
 * @throws OptionError naming the option, what was given and what is expected
 */
export function resolveOptions(options: LoginManagerOptions<object, object>): ResolvedOptions {
  if (typeof options !== "object" || options === null)
    throw new OptionError("options", `expected an object, not ${kindOf(options)}`);
  checkEach("", OPTIONS, options);
  checkSecret("secret", options.secret);
  const { secret, session, remember, idleTimeout, absoluteTimeout, storeTimeout, ...rest } = options;
  return Object.freeze({
    anonymousUser: AnonymousUser,
    userId: defaultUserId,
    loginMessage: "Please log in to access this page.",
    loginMessageCategory: "message",
    needsRefreshMessage: "Please confirm your login to access this page.",
    needsRefreshMessageCategory: "message",
    nextIn: "query",
    sessionProtection: "basic",
    fingerprint: clientFingerprint,
    ...withoutUndefined(rest),
    exemptMethods: Object.freeze((rest.exemptMethods ?? ["OPTIONS"]).map((method) => method.toUpperCase())),
    secrets: Object.freeze(typeof secret === "string" ? [secret] : [...secret]),
    sessionCookie: resolveCookie("session.cookie", "sid", session?.cookie),
    rememberCookie: resolveCookie("remember.cookie", "remember", remember?.cookie),
    rememberDuration: parseDuration("remember.duration", remember?.duration ?? "365d"),
    refreshEachRequest: remember?.refreshEachRequest ?? false,
    idleTimeout: parseDuration("idleTimeout", idleTimeout ?? "24h"),
    absoluteTimeout: parseDuration("absoluteTimeout", absoluteTimeout ?? "30d"),
    storeTimeout: parseDuration("storeTimeout", storeTimeout ?? "2s"),
  });
}

/** Reads a remember duration: a duration that a browser accepts for a cookie. */
export function checkRememberDuration(option: string, value: unknown): number {
  const duration = parseDuration(option, value);
  if (duration > LONGEST_COOKIE)
    throw new OptionError(option, "is longer than 400 days, the most a browser keeps a cookie");
  return duration;
}

function resolveCookie(option: string, baseName: string, given: CookieOptions = {}): ResolvedCookie {
  const secure = given.secure ?? (process.env.NODE_ENV === "production" ? true : "auto");
  const path = given.path ?? "/";
  const sameSite = given.sameSite ?? "lax";
  const mayBindToHost = secure === true && path === "/" && given.domain === undefined;
  const name = given.name ?? (mayBindToHost ? `__Host-${baseName}` : baseName);
  if (name.startsWith("__Host-") && !mayBindToHost) {
    throw new OptionError(
      `${option}.name`,
      `${name} needs secure: true, path "/" and no domain: browsers refuse it otherwise`,
    );
  }
  if (name.startsWith("__Secure-") && secure !== true) {
    throw new OptionError(`${option}.name`, `${name} needs secure: true: browsers refuse it otherwise`);
  }
  if (sameSite === "none" && secure !== true) {
    throw new OptionError(`${option}.sameSite`, '"none" needs secure: true: browsers refuse it otherwise');
  }
  const { domain } = given;
  return Object.freeze({
    name,
    path,
    secure,
    sameSite,
    httpOnly: given.httpOnly ?? true,
    ...(domain ? { domain } : {}),
  });
}

function checkEach(prefix: string, checks: Record<string, Check>, given: object): void {
  for (const [name, value] of Object.entries(given)) {
    const option = prefix + name;
    if (!Object.hasOwn(checks, name)) {
      throw new OptionError(option, `there is no such option; there are ${Object.keys(checks).join(", ")}`);
    }
    if (value !== undefined) checks[name]!(option, value);
  }
}

function group(checks: Record<string, Check>): Check {
  return (option, value) => {
    if (typeof value !== "object" || value === null)
      throw new OptionError(option, `expected an object, not ${kindOf(value)}`);
    checkEach(`${option}.`, checks, value);
  };
}

function checkCookie(option: string, value: unknown): void {
  group(COOKIE)(option, value);
}

function checkSecret(option: string, value: unknown): void {
  const secrets: unknown[] = Array.isArray(value) ? value : [value];
  if (secrets.length === 0) throw new OptionError(option, "expected at least one secret, not an empty array");
  for (const secret of secrets) {
    if (typeof secret !== "string") {
      throw new OptionError(
        option,
        `expected a string of at least ${SECRET_LENGTH} characters, or an array of them, not ${kindOf(secret)}`,
      );
    }
    if (secret.length < SECRET_LENGTH) {
      throw new OptionError(
        option,
        `a secret of ${secret.length} characters is too short; it needs ${SECRET_LENGTH} (try: openssl rand -base64 32)`,
      );
    }
  }
}

function checkStore(option: string, value: unknown): void {
  for (const verb of Object.keys(STORE_VERBS)) {
    if (typeof (value as Record<string, unknown> | null)?.[verb] !== "function") {
      throw new OptionError(option, `expected a SessionStore, but it has no ${verb}()`);
    }
  }
}

function checkView(option: string, value: unknown): void {
  if (typeof value === "function") return;
  const urls = typeof value === "object" && value !== null ? Object.values(value) : [value];
  if (urls.length > 0 && urls.every((url) => typeof url === "string" && /^(\/(?![/\\])|https?:\/\/)/.test(url))) return;
  throw new OptionError(
    option,
    'expected a URL that starts with "/", "http://" or "https://", a map from path prefix to such URLs, or a function',
  );
}

function checkHost(option: string, value: unknown): void {
  matches(
    /^([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:\d+)?$/i,
    'a host, such as "app.example.com" or "localhost:3000"',
  )(option, value);
}

function checkMethods(option: string, value: unknown): void {
  if (Array.isArray(value) && value.every((method) => typeof method === "string" && /^[A-Za-z-]+$/.test(method)))
    return;
  throw new OptionError(option, `expected an array of HTTP methods, not ${kindOf(value)}`);
}

function isFunction(option: string, value: unknown): void {
  if (typeof value !== "function") throw new OptionError(option, `expected a function, not ${kindOf(value)}`);
}

function isBoolean(option: string, value: unknown): void {
  if (typeof value !== "boolean") throw new OptionError(option, `expected true or false, not ${kindOf(value)}`);
}

function isText(option: string, value: unknown): void {
  if (typeof value !== "string") throw new OptionError(option, `expected a string, not ${kindOf(value)}`);
}

function isTextOrNull(option: string, value: unknown): void {
  if (value !== null) isText(option, value);
}

function matches(pattern: RegExp, expected: string): Check {
  return (option, value) => {
    if (typeof value !== "string" || !pattern.test(value)) {
      throw new OptionError(
        option,
        `expected ${expected}, not ${typeof value === "string" ? JSON.stringify(value) : kindOf(value)}`,
      );
    }
  };
}

function oneOf(...allowed: Array<string | boolean>): Check {
  return (option, value) => {
    if (allowed.includes(value as string)) return;
    const given = typeof value === "string" ? JSON.stringify(value) : String(value);
    throw new OptionError(option, `expected ${allowed.map((one) => JSON.stringify(one)).join(", ")}, not ${given}`);
  };
}

function withoutUndefined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
