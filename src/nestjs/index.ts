export {
  Authorized,
  CurrentUser,
  DeviceBound,
  decoratorsFor,
  Fresh,
  NotImpersonated,
  Public,
  type RealmDecorators,
} from "./decorators.js";
export { LatchkeyErrorFilter } from "./error-filter.js";
export { LoginGuard } from "./login-guard.js";
export type { GivenManager, GivenManagers } from "./managers.js";
export { type LatchkeyAsyncOptions, LatchkeyModule } from "./module.js";
export { RefusedException } from "./refused-exception.js";
