export { MemoryStore, type MemoryStoreOptions } from "../stores/memory.js";
export { type ConfirmOptions, confirmLogin, isFresh, isRemembered, refreshStamp } from "./confirm.js";
export type { CookieOptions, ResolvedCookie, SessionCookieOptions } from "./cookies.js";
export { currentUser } from "./current-user.js";
export type { Duration } from "./duration.js";
export {
  FreshLoginRequiredError,
  InsecureConnectionError,
  isLatchkeyError,
  LatchkeyError,
  LoaderMissingError,
  LoginRequiredError,
  MiddlewareMissingError,
  OptionError,
  OtherUserError,
  PeerMissingError,
  PeerVersionError,
  RecordDamagedError,
  RequestEndedError,
  ResponseStartedError,
  RoleRequiredError,
  SessionExistsError,
  SessionGoneError,
  SessionLimitError,
  SessionValueError,
  StoreUnavailableError,
  UnsupportedByStoreError,
  UserIdError,
} from "./errors.js";
export type { EndReason, LoginEventName, LoginEvents, LoginListener, RevokeReason, TokenUse } from "./events.js";
export { flash, takeFlashes } from "./flash.js";
export type { Flash } from "./flash-cookie.js";
export { freshLoginRequired, loginRequired, roleRequired } from "./guards.js";
export type { JsonObject, JsonValue } from "./json.js";
export { type LoginOptions, loginUser } from "./login.js";
export { LoginManager } from "./login-manager.js";
export { logoutUser } from "./logout.js";
export { loginUrl, safeNext } from "./next-url.js";
export type {
  ChallengeHandler,
  LoginManagerOptions,
  RememberOptions,
  RequestLoader,
  ResolvedOptions,
  ResolvedSession,
  SessionOptions,
  UserLoader,
  View,
} from "./options.js";
export type { Policy } from "./policy.js";
export type { RememberTokenRecord, RememberTokenStore, StoredRememberToken } from "./remember-token-store.js";
export type { SessionAuth } from "./session-auth.js";
export type { SessionRecord, SessionStore, StoredSession } from "./session-store.js";
export { decodeCookie, encodeCookie } from "./signed-cookie.js";
export { assertId, assertRecord, assertRememberTokenRecord, assertSeen } from "./store-arguments.js";
export { AnonymousUser, UserMixin } from "./user.js";
export type { CurrentLoginOptions, LoginInfo, UserSessions } from "./user-sessions.js";
