export { MemoryStore, type MemoryStoreOptions } from "../stores/memory/index.js";
export type { LoginInfo } from "./active-sessions/list-logins.js";
export { decodeCookie, encodeCookie } from "./crypto/signed-cookie.js";
export { currentUser, pendingUser } from "./current/current-user.js";
export { flash, takeFlashes } from "./current/flash.js";
export type { Duration } from "./duration.js";
export {
  InsecureConnectionError,
  isLatchkeyError,
  LabelError,
  LatchkeyError,
  LoaderMissingError,
  MiddlewareMissingError,
  OptionError,
  RecordDamagedError,
  RequestEndedError,
  ResponseStartedError,
  SessionExistsError,
  SessionGoneError,
  SessionValueError,
  StoreUnavailableError,
  UnsupportedByStoreError,
  UserIdError,
} from "./errors.js";
export type {
  DeviceRefusal,
  EndReason,
  ImpersonationEnd,
  LoginEventName,
  LoginEvents,
  LoginListener,
  RevokeReason,
  TokenUse,
} from "./events.js";
export type { Flash } from "./flash/flash-cookie.js";
export { freshLoginRequired, loginRequired, roleRequired } from "./guards/guards.js";
export { loginUrl, safeNext } from "./guards/next-url.js";
export { sameOriginRequired } from "./guards/same-origin.js";
export type { ClientOptions, ResolvedClient } from "./http/client.js";
export type { CookieOptions, ResolvedCookie, SessionCookieOptions } from "./http/cookies/attributes.js";
export { isSameOrigin, type SameOriginOptions } from "./http/request-origin.js";
export type { JsonObject, JsonValue } from "./json.js";
export { type ConfirmOptions, confirmLogin } from "./login/confirm.js";
export { type FreshOptions, isFresh, isRemembered } from "./login/freshness.js";
export { forgetKnownBrowser } from "./login/known-browser.js";
export { type LoginOptions, loginUser } from "./login/login.js";
export { logoutUser } from "./login/logout.js";
export { refreshStamp } from "./login/refresh-stamp.js";
export type { CurrentLoginOptions, UserSessions } from "./login/user-sessions.js";
export type { Device } from "./login-fields/device.js";
export type { ExternalIds, ExternalLogin } from "./login-fields/external-login.js";
export type { Methods, MethodsGiven } from "./login-fields/methods.js";
export { LoginManager } from "./manager/login-manager.js";
export type { Policy } from "./manager/policy.js";
export type { DeviceBinding } from "./options/devices.js";
export type { LoginManagerOptions, RequestLoader, UserLoader } from "./options/options.js";
export type { Part } from "./options/part.js";
export type { RememberOptions } from "./options/remember-options.js";
export type { ResolvedOptions } from "./options/resolved-options.js";
export type { EarlierSessions, ResolvedSession, SessionOptions } from "./options/session-options.js";
export type { ChallengeHandler, View } from "./options/views.js";
export {
  CrossOriginError,
  FreshLoginRequiredError,
  ImpersonatingError,
  LoginRequiredError,
  MethodRequiredError,
  OtherUserError,
  RoleRequiredError,
  SessionLimitError,
} from "./refusals.js";
export type { OtherLogin, SessionAuth } from "./session/auth.js";
export { assertId, assertPage, assertRecord, assertTimes, assertUpdate } from "./store/arguments.js";
export { PeerMissingError, PeerVersionError } from "./store/peer-errors.js";
export type {
  ListOptions,
  RecordPage,
  SessionRecord,
  SessionStore,
  SessionTimes,
  SessionUpdate,
  StoredRecord,
} from "./store/session-store.js";
export type { StoreCall } from "./trace.js";
export { AnonymousUser, UserMixin } from "./user.js";
