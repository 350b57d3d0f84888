import { OptionError } from "../errors.js";
import type { RememberTokenStore } from "./remember-token-store.js";
import type { SessionStore } from "./session-store.js";

const STORE_VERBS: Record<Exclude<keyof SessionStore, "rememberTokens">, true> = {
  create: true,
  read: true,
  update: true,
  touch: true,
  destroy: true,
  listByUser: true,
  destroyByUser: true,
  prune: true,
};

const TOKEN_VERBS: Record<keyof RememberTokenStore, true> = {
  create: true,
  read: true,
  rotate: true,
  destroy: true,
  listByUser: true,
  destroyByUser: true,
  prune: true,
};

/** Refuses a store that lacks a verb. */
export function checkStore(option: string, value: unknown): void {
  checkVerbs(option, value, STORE_VERBS, "it");
  const { rememberTokens } = value as Partial<SessionStore>;
  if (rememberTokens !== undefined) checkVerbs(option, rememberTokens, TOKEN_VERBS, "its rememberTokens");
}

function checkVerbs(option: string, value: unknown, verbs: object, what: string): void {
  for (const verb of Object.keys(verbs)) {
    if (typeof (value as Record<string, unknown> | null)?.[verb] !== "function") {
      throw new OptionError(option, `expected a SessionStore, but ${what} has no ${verb}()`);
    }
  }
}
