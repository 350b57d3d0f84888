export { MemoryStore, type MemoryStoreOptions } from "../stores/memory.js";
export type { CookieOptions } from "./cookies.js";
export { currentUser } from "./current-user.js";
export type { Duration } from "./duration.js";
export {
  assertId,
  assertRecord,
  assertSeen,
  FreshLoginRequiredError,
  InsecureConnectionError,
  LatchkeyError,
  LoaderMissingError,
  LoginRequiredError,
  MiddlewareMissingError,
  OptionError,
  PeerMissingError,
  ResponseStartedError,
  RoleRequiredError,
  SessionExistsError,
  SessionGoneError,
  StoreUnavailableError,
  UnsupportedByStoreError,
  UserIdError,
} from "./errors.js";
export type { EndReason, LoginEventName, LoginEvents, LoginListener } from "./events.js";
export { flash, takeFlashes } from "./flash.js";
export { freshLoginRequired, loginRequired, roleRequired } from "./guards.js";
export type { JsonObject, JsonValue } from "./json.js";
export { confirmLogin, isFresh, isRemembered, type LoginOptions, loginUser, logoutUser } from "./login.js";
export { LoginManager } from "./login-manager.js";
export { loginUrl, safeNext } from "./next-url.js";
export type {
  ChallengeHandler,
  LoginManagerOptions,
  RequestLoader,
  ResolvedOptions,
  UserLoader,
  View,
} from "./options.js";
export type { RememberTokenRecord, RememberTokenStore, StoredRememberToken } from "./remember-token-store.js";
export type { Flash, SessionAuth } from "./session.js";
export type { SessionRecord, SessionStore, StoredSession } from "./session-store.js";
export { decodeCookie, encodeCookie } from "./signed-cookie.js";
export { AnonymousUser, UserMixin } from "./user.js";
