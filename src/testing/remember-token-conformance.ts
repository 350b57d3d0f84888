import type { RememberTokenStore } from "../store/remember-token-store.js";
import { addIdCases, addTokenArgumentCases, addUserIdCases } from "./conformance/arguments.js";
import { newSuite, type StoreCase } from "./conformance/case.js";
import { addConcurrencyCases } from "./conformance/concurrency.js";
import { addExpiryCases } from "./conformance/expiry.js";
import { TOKENS } from "./conformance/kind.js";
import { addRecordCases } from "./conformance/records.js";
import { addRotationCases } from "./conformance/rotation.js";
import { addRotationRaceCases } from "./conformance/rotation-races.js";
import { addConcurrentUserCases, addUserCases } from "./conformance/users.js";

/** What the suite is told about a store of remembered browsers. */
export interface RememberTokenConformanceOptions {
  /** The store to prove, ready to use. It may hold other records, but nothing else may use it meanwhile. */
  store: () => RememberTokenStore | Promise<RememberTokenStore>;
}

/**
 * The contract of RememberTokenStore as test cases, for authors of stores and any test runner. The cases are to run one after
 * another, for some of them move `Date.now`.
 *
 * ```ts
 * for (const { name, run } of rememberTokenConformance({ store: () => store.rememberTokens })) it(name, run);
 * ```
 */
export function rememberTokenConformance({ store }: RememberTokenConformanceOptions): StoreCase[] {
  const { cases, add } = newSuite(store);
  addRecordCases(add, TOKENS);
  addRotationCases(add);
  addExpiryCases(add, TOKENS);
  addIdCases(add, TOKENS);
  addTokenArgumentCases(add);
  addConcurrencyCases(add, TOKENS);
  addRotationRaceCases(add);
  addUserCases(add, TOKENS);
  addUserIdCases(add, TOKENS);
  addConcurrentUserCases(add, TOKENS);
  return cases;
}
