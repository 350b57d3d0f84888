import { type Check, checkEach, isCount, isFunction, isText, isTextOrNull, matches, oneOf } from "../checks.js";
import { checkSecret } from "../crypto/secrets.js";
import { type Duration, parseDuration } from "../duration.js";
import { OptionError, unexpected } from "../errors.js";
import { checkClient, clientFingerprint, resolveClient } from "../http/client.js";
import { originsIn, webOrigin } from "../http/origin.js";
import { isObjectOrArray, only } from "../objects.js";
import { checkStore, isComplete } from "../store/check-store.js";
import { kindOf, parseUrl, shown } from "../text.js";
import { AnonymousUser, defaultUserId } from "../user.js";
import { cookieFor, namesWith } from "./cookie.js";
import type { LoginManagerOptions } from "./options.js";
import { isPart } from "./part.js";
import { checkRemember } from "./remember-options.js";
import type { ResolvedOptions } from "./resolved-options.js";
import { checkSession, resolveSession } from "./session-options.js";
import type { View } from "./views.js";

/** If the delay of a timer is longer, Node runs the timer immediately. */
const LONGEST_TIMER = 2 ** 31 - 1;

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
  methodView: checkView,
  requiredMethods: isFunction,
  methodTimeout: parseDuration,
  loginMessage: isTextOrNull,
  loginMessageCategory: isText,
  needsRefreshMessage: isTextOrNull,
  needsRefreshMessageCategory: isText,
  methodMessage: isTextOrNull,
  methodMessageCategory: isText,
  localize: isFunction,
  onUnauthorized: isFunction,
  onNeedsRefresh: isFunction,
  onMethodRequired: isFunction,
  onForbidden: isFunction,
  nextIn: oneOf("query", "cookie"),
  origin: webOrigin,
  nextOrigins: (option, list) => originsIn(option, list, webOrigin),
  redirectHost: checkHost,
  exemptMethods: checkMethods,
  sessionProtection: oneOf("basic", "strong", false),
  fingerprint: isFunction,
  client: checkClient,
  session: checkSession,
  remember: checkRemember,
  externalLogins: isPart("externalLogins"),
  knownBrowsers: isPart("knownBrowsers"),
  deviceBound: isPart("deviceBound"),
  idleTimeout: parseDuration,
  absoluteTimeout: parseDuration,
  freshFor: parseDuration,
  maxSessions: isCount,
  onLimit: oneOf("end-oldest", "refuse"),
  assuranceLevel: oneOf(1, 2, 3),
  storeTimeout: checkStoreTimeout,
  realm: matches(/^[\w-]{1,32}$/, 'a name of 1 to 32 letters, digits, "_" and "-"'),
};

/**
 * Validates options and fills in the defaults.
 *
 * @throws OptionError if an option is invalid. The message names the option, the given value and the expected value
 */
export function resolveOptions(options: LoginManagerOptions<object, object>): ResolvedOptions {
  if (!isObjectOrArray(options)) throw unexpected("options", "an object", kindOf(options));
  checkEach("", OPTIONS, options);
  checkSecret("secret", options.secret);
  const { secret: _, session, remember, client, ...others } = options;
  const { idleTimeout, absoluteTimeout, storeTimeout, freshFor, methodTimeout, ...rest } = others;
  const { loginView, refreshView, methodView } = rest;
  const origin = rest.origin === undefined ? undefined : webOrigin("origin", rest.origin);
  const views = { loginView, refreshView, methodView };
  const prefix = rest.realm ? `${rest.realm}-` : "";
  const sessionCookie = cookieFor("session", `${prefix}sid`, session?.name, session?.cookie);
  const rememberCookie = cookieFor("remember", `${prefix}remember`, remember?.name, remember?.cookie);
  const { name } = rememberCookie.resolved;
  for (const [index, which] of ["session cookie", "flash cookie", "cookie of known browsers"].entries()) {
    if (name !== namesWith(sessionCookie.resolved.name)[index]) continue;
    throw new OptionError("remember.name", `${name} is also the name of the ${which}`);
  }
  checkAbilities(options);
  return Object.freeze({
    anonymousUser: AnonymousUser,
    userId: defaultUserId,
    loginMessage: "Please log in to access this page.",
    loginMessageCategory: "message",
    needsRefreshMessage: "Please confirm your login to access this page.",
    needsRefreshMessageCategory: "message",
    methodMessage: "Please confirm that it is you to access this page.",
    methodMessageCategory: "message",
    nextIn: "query",
    sessionProtection: "basic",
    fingerprint: clientFingerprint,
    onLimit: "end-oldest",
    assuranceLevel: 1,
    realm: "",
    ...withoutUndefined({ ...rest, ...frozenViews(views), origin }),
    nextOrigins: Object.freeze(originsIn("nextOrigins", rest.nextOrigins ?? [], webOrigin)),
    exemptMethods: Object.freeze((rest.exemptMethods ?? []).map((method) => method.toUpperCase())),
    client: resolveClient(client),
    session: resolveSession(session),
    sessionCookie: sessionCookie.resolved,
    sessionCookieOf: sessionCookie.attributesOf,
    rememberCookie: rememberCookie.resolved,
    rememberCookieOf: rememberCookie.attributesOf,
    rememberMode: remember?.mode,
    rememberIdleTimeout: time("remember.idleTimeout", remember?.idleTimeout),
    rememberDuration: parseDuration("remember.duration", remember?.duration ?? "365d"),
    refreshEachRequest: remember?.refreshEachRequest ?? false,
    idleTimeout: parseDuration("idleTimeout", idleTimeout ?? "24h"),
    absoluteTimeout: parseDuration("absoluteTimeout", absoluteTimeout ?? "30d"),
    storeTimeout: parseDuration("storeTimeout", storeTimeout ?? "2s"),
    freshFor: time("freshFor", freshFor),
    methodTimeout: parseDuration("methodTimeout", methodTimeout ?? "10m"),
  });
}

/** Returns a duration in milliseconds; Infinity if the option is undefined. */
function time(option: string, value: Duration | undefined): number {
  return value === undefined ? Number.POSITIVE_INFINITY : parseDuration(option, value);
}

/** @throws OptionError if an option needs an ability that the store lacks */
function checkAbilities({ store, remember, maxSessions }: LoginManagerOptions<object, object>): void {
  const lacked = store && !isComplete(store) ? `the store lacks ${store.lacks!.join(" and ")}` : undefined;
  if (lacked && remember?.mode === "persistent") {
    throw new OptionError("remember.mode", `"persistent" needs a store with all abilities; ${lacked}`);
  }
  if (lacked && maxSessions !== undefined) {
    throw new OptionError("maxSessions", `needs a store with all abilities; ${lacked}`);
  }
  if ((lacked || remember?.mode === "stateless") && remember?.idleTimeout !== undefined) {
    throw new OptionError(
      "remember.idleTimeout",
      'needs the mode "persistent", which records when a browser was last used',
    );
  }
}

/** Returns the secrets of valid options. The first secret signs, and all secrets verify. */
export function secretsOf({ secret }: LoginManagerOptions<object, object>): readonly string[] {
  return typeof secret === "string" ? [secret] : [...secret];
}

/** Returns frozen copies of views, so that the caller cannot change them. */
function frozenViews<K extends string>(views: Record<K, View | undefined>): Record<K, View | undefined> {
  const frozen = (view: View) => (typeof view === "object" ? Object.freeze({ ...view }) : view);
  return Object.fromEntries(
    Object.entries<View | undefined>(views).map(([name, view]) => [name, view && frozen(view)]),
  ) as never;
}

function checkStoreTimeout(option: string, value: unknown): void {
  if (parseDuration(option, value) > LONGEST_TIMER)
    throw new OptionError(option, "is longer than 24 days, the longest time that a timer can wait");
}

function checkView(option: string, value: unknown): void {
  if (typeof value === "function" || isViewUrl(value)) return;
  const entries: Array<[string, unknown]> = isObjectOrArray(value) ? Object.entries(value) : [];
  const bad = entries.find(([prefix, url]) => !prefix.startsWith("/") || !isViewUrl(url));
  if (entries.length > 0 && !bad) return;
  throw new OptionError(
    option,
    'expected a URL that starts with "/", "http://" or "https://", a map from path prefix to such URLs, or a function, ' +
      `not ${bad ? `a map with ${shown(bad[0])}: ${shown(bad[1])}` : shown(value)}`,
  );
}

function isViewUrl(value: unknown): boolean {
  return (
    typeof value === "string" &&
    /^(\/(?![/\\])|https?:\/\/)/.test(value) &&
    parseUrl(value, "https://view.invalid") !== null
  );
}

function checkHost(option: string, value: unknown): void {
  matches(
    /^([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:\d+)?$/i,
    'a host, such as "app.example.com" or "localhost:3000"',
  )(option, value);
}

function checkMethods(option: string, value: unknown): void {
  if (!Array.isArray(value)) throw unexpected(option, "an array of HTTP methods", kindOf(value));
  const bad: unknown[] = value.filter((method) => typeof method !== "string" || !/^[A-Za-z-]+$/.test(method));
  if (bad.length > 0) throw unexpected(option, "HTTP methods", shown(bad[0]));
}

function withoutUndefined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return only(options, (_, value) => value !== undefined) as never;
}
